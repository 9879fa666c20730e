#include "core/novelty/training_features.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace graft::novelty {
namespace {

using Vectors = std::vector<std::vector<float>>;

// Directions around `axis`, of any length.
Vectors Around(size_t axis, size_t count, uint32_t seed, size_t width = 64) {
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0, 0.05f);
  Vectors vectors;
  for (size_t i = 0; i < count; ++i) {
    std::vector<float> vector(width);
    for (float& value : vector) value = noise(random);
    vector[axis] += 1;
    for (float& value : vector) value *= static_cast<float>(1 + i % 7);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

Vectors Joined(Vectors a, const Vectors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TrainingFeatures Known(const Fit& fit) {
  return {fit.record, fit.training.rows, fit.training.scales};
}

class TrainingFeaturesTest : public ::testing::Test {
 protected:
  // Two kinds of pictures, 40 of each to train on and 20 of each held out.
  const Fit fit_ = FitNovelty(Joined(Around(0, 40, 1), Around(1, 40, 2)),
                              Joined(Around(0, 20, 3), Around(1, 20, 4)))
                       .value();
};

TEST_F(TrainingFeaturesTest, WhatIsLikeTheTrainingIsBelowOneNineteenTimesInTwenty) {
  EXPECT_EQ(fit_.record.training_examples, 80);
  EXPECT_EQ(fit_.record.held_out_examples, 40);
  EXPECT_EQ(fit_.record.width, 64);
  const TrainingFeatures known = Known(fit_);
  int below = 0;
  for (const auto& vector : Joined(Around(0, 100, 5), Around(1, 100, 6))) {
    below += known.UnknownScore(vector) < 1;
  }
  EXPECT_GE(below, 180);
  EXPECT_LT(below, 200) << "a quantile, and no bound";
}

TEST_F(TrainingFeaturesTest, WhatIsUnlikeTheTrainingIsAboveOne) {
  const TrainingFeatures known = Known(fit_);
  for (const auto& vector : Around(2, 50, 7)) EXPECT_GT(known.UnknownScore(vector), 1.5f);
  EXPECT_GT(known.UnknownScore(std::vector<float>(64)), 1) << "nothing at all";
}

TEST_F(TrainingFeaturesTest, LengthsDoNotMatter) {
  const TrainingFeatures known = Known(fit_);
  std::vector<float> vector = Around(0, 1, 8).front();
  const float score = known.UnknownScore(vector);
  for (float& value : vector) value *= 1000;
  EXPECT_NEAR(known.UnknownScore(vector), score, 1e-5);
}

TEST_F(TrainingFeaturesTest, IsWhatTheNumbersThemselvesGive) {
  const Vectors training = Joined(Around(0, 40, 1), Around(1, 40, 2));
  const TrainingFeatures known = Known(fit_);
  const auto cosine = [](const std::vector<float>& a, const std::vector<float>& b) {
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      dot += double{a[i]} * b[i];
      aa += double{a[i]} * a[i];
      bb += double{b[i]} * b[i];
    }
    return dot / std::sqrt(aa * bb);
  };
  for (const auto& vector : Joined(Around(0, 10, 9), Around(3, 10, 10))) {
    std::vector<double> cosines;
    for (const auto& row : training) cosines.push_back(cosine(row, vector));
    std::sort(cosines.rbegin(), cosines.rend());
    const double distance = std::sqrt(2 - 2 * cosines[1]);
    EXPECT_NEAR(known.UnknownScore(vector), distance / fit_.record.usual_distance, 0.03);
  }
}

TEST_F(TrainingFeaturesTest, OneOddTrainingExampleVouchesForNothing) {
  Vectors training = Around(0, 40, 1);
  training.push_back(Around(5, 1, 2).front());
  const Fit fit = FitNovelty(training, Around(0, 20, 3)).value();
  EXPECT_GT(Known(fit).UnknownScore(training.back()), 1);
}

TEST_F(TrainingFeaturesTest, CopiesThatAreHeldOutDoNotMakeAllElseUnknown) {
  const Vectors training = Joined(Around(0, 20, 1), Around(0, 20, 1));
  const Fit fit = FitNovelty(training, Around(0, 20, 1)).value();
  EXPECT_GT(fit.record.usual_distance, 0);
  EXPECT_LT(Known(fit).UnknownScore(training.front()), 1);
}

TEST_F(TrainingFeaturesTest, TooLittleTellsNothing) {
  EXPECT_FALSE(FitNovelty(Around(0, 40, 1), Around(0, 9, 2)).has_value());
  EXPECT_FALSE(FitNovelty(Around(0, 1, 1), Around(0, 20, 2)).has_value());
  EXPECT_FALSE(FitNovelty({}, {}).has_value());
}

TEST(ExamplesToKeepTest, IsBoundedInNumberAndInBytes) {
  EXPECT_EQ(ExamplesToKeep(1280), 128);
  EXPECT_LE(ExamplesToKeep(25088) * 25088, int64_t{1} << 18);
  EXPECT_EQ(ExamplesToKeep(int64_t{1} << 30), 2);
}

}  // namespace
}  // namespace graft::novelty
