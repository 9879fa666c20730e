#include "core/evaluation/conformal.h"

#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace graft::evaluation {
namespace {

using ::testing::ElementsAre;

TEST(Conformal, TheScoreIsTheOneAtTheRankThatCoversOneMore) {
  const ConformalScores kept = KeepScores({0.4f, 0.1f, 0.3f, 0.2f});
  EXPECT_EQ(kept.examples, 4);
  EXPECT_THAT(kept.scores, ElementsAre(0.1f, 0.2f, 0.3f, 0.4f));
  // ceil(5 * coverage)
  EXPECT_FLOAT_EQ(static_cast<float>(ScoreAt(kept, 0.2)), 0.1f);
  EXPECT_FLOAT_EQ(static_cast<float>(ScoreAt(kept, 0.21)), 0.2f);
  EXPECT_FLOAT_EQ(static_cast<float>(ScoreAt(kept, 0.8)), 0.4f);
  EXPECT_EQ(ScoreAt(kept, 0.81), std::numeric_limits<double>::infinity()) << "four are too few";
  EXPECT_EQ(ScoreAt(KeepScores({}), 0.5), std::numeric_limits<double>::infinity());
}

TEST(Conformal, KeepingFewerIsNeverBolder) {
  std::vector<float> scores;
  for (int i = 0; i < 1000; ++i) scores.push_back(static_cast<float>((i * 389) % 1000) / 1000);
  const ConformalScores all = KeepScores(scores, 1000);
  const ConformalScores few = KeepScores(scores, 64);
  EXPECT_EQ(few.scores.size(), 64u);
  EXPECT_EQ(few.examples, 1000);
  EXPECT_EQ(few.scores.back(), all.scores.back());
  for (double coverage = 0.01; coverage < 0.999; coverage += 0.007) {
    EXPECT_GE(ScoreAt(few, coverage), ScoreAt(all, coverage)) << coverage;
    EXPECT_LE(ScoreAt(few, coverage), ScoreAt(all, coverage) + 1.0 / 64 + 1e-6) << coverage;
  }
}

// The promise itself, on draws of one distribution.
TEST(Conformal, CoversAsOftenAsItIsAskedTo) {
  std::mt19937 random(1);
  std::exponential_distribution<float> draw(1);
  for (const double coverage : {0.5, 0.9}) {
    int covered = 0;
    constexpr int kTrials = 4000;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<float> held_out(30);
      for (float& score : held_out) score = draw(random);
      covered += static_cast<double>(draw(random)) <= ScoreAt(KeepScores(held_out, 8), coverage);
    }
    // Three deviations of the share's.
    EXPECT_GE(static_cast<double>(covered) / kTrials,
              coverage - 3 * std::sqrt(coverage * (1 - coverage) / kTrials));
  }
}

TEST(Conformal, ComesBackFromJsonAndRefusesWhatIsNotInOrder) {
  const ConformalScores kept = KeepScores({0.5f, 0.25f, 0.125f});
  EXPECT_EQ(ConformalScoresFromJson(ToJson(kept)).value(), kept);
  for (const char* const wrong :
       {R"({"examples":3})", R"({"examples":1,"scores":[0.1,0.2]})",
        R"({"examples":3,"scores":[0.2,0.1]})", R"({"examples":3,"scores":["a"]})"}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(ConformalScoresFromJson(nlohmann::json::parse(wrong)).status()))
        << wrong;
  }
}

}  // namespace
}  // namespace graft::evaluation
