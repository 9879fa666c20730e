#include "core/evaluation/ranking.h"

#include "gtest/gtest.h"

namespace graft::evaluation {
namespace {

double Precision(std::vector<ScoredAnswer> answers) {
  return AveragePrecision(absl::MakeSpan(answers));
}
double Threshold(std::vector<ScoredAnswer> answers) {
  return BestF1Threshold(absl::MakeSpan(answers));
}

TEST(AveragePrecisionTest, IsOneForAPerfectOrderAndTheRateForEqualScores) {
  EXPECT_DOUBLE_EQ(Precision({{.9f, true}, {.8f, true}, {.1f, false}}), 1);
  // Equal scores are one step of the curve, in whatever order they come.
  EXPECT_DOUBLE_EQ(Precision({{.5f, true}, {.5f, false}, {.5f, false}, {.5f, false}}), 0.25);
  EXPECT_DOUBLE_EQ(Precision({{.5f, false}, {.5f, false}, {.5f, false}, {.5f, true}}), 0.25);
}

TEST(AveragePrecisionTest, IsTheSumOfRecallStepsTimesPrecision) {
  // Ranks 1 and 3 are yes: (1/2)(1/1) + (1/2)(2/3).
  EXPECT_DOUBLE_EQ(Precision({{.2f, false}, {.7f, false}, {.9f, true}, {.6f, true}}),
                   0.5 + 1.0 / 3);
}

TEST(AveragePrecisionTest, IsZeroWhereNothingIsAYes) {
  EXPECT_EQ(Precision({{.5f, false}}), 0);
  EXPECT_EQ(Precision({}), 0);
}

TEST(BestF1ThresholdTest, LiesHalfwayBetweenTheScoresThatItParts) {
  EXPECT_NEAR(Threshold({{.9f, true}, {.8f, true}, {.2f, false}}), 0.5, 1e-6);
  EXPECT_NEAR(Threshold({{.4f, true}, {.3f, true}, {.1f, false}}), 0.2, 1e-6);
  // To give it everywhere is best: below the smallest score.
  EXPECT_NEAR(Threshold({{.4f, false}, {.3f, true}, {.2f, true}}), 0.1, 1e-6);
}

TEST(BestF1ThresholdTest, OfEqualOnesTakesTheNearestToAHalf) {
  // From 0.8 on: 1 of 1, F1 2/3; from 0.2 on: 2 of 4, F1 2/3.
  EXPECT_NEAR(Threshold({{.8f, true}, {.6f, false}, {.4f, false}, {.2f, true}}), 0.7, 1e-6);
}

TEST(BestF1ThresholdTest, IsAHalfWhereNothingCanBeChosen) {
  EXPECT_EQ(Threshold({{.9f, true}, {.8f, true}}), 0.5);
  EXPECT_EQ(Threshold({{.9f, false}}), 0.5);
  EXPECT_EQ(Threshold({}), 0.5);
}

TEST(PrecisionThreshold, IsTheLowestFromWhichEnoughAnswersAreRight) {
  const auto threshold = [](std::vector<ScoredAnswer> answers, double precision) {
    return PrecisionThreshold(absl::MakeSpan(answers), precision);
  };
  const std::vector<ScoredAnswer> mixed = {
      {0.9f, true}, {0.8f, true}, {0.7f, false}, {0.6f, true}, {0.5f, false}};
  EXPECT_FLOAT_EQ(static_cast<float>(threshold(mixed, 1)), 0.8f);
  EXPECT_FLOAT_EQ(static_cast<float>(threshold(mixed, 0.75)), 0.6f);
  EXPECT_EQ(threshold(mixed, 0.6), 0) << "all of them";
  EXPECT_EQ(threshold({{0.9f, false}, {0.8f, true}}, 0.9), 1) << "none";
  EXPECT_EQ(threshold({}, 0.9), 1);
  // Those of one score are above it together.
  EXPECT_EQ(threshold({{0.9f, true}, {0.9f, false}, {0.1f, false}}, 0.9), 1);
}

}  // namespace
}  // namespace graft::evaluation
