#include "core/evaluation/regression_scores.h"

#include <cmath>

#include "gtest/gtest.h"

namespace graft::evaluation {
namespace {

TEST(RegressionScoresTest, FollowTheirFormulas) {
  RegressionScores scores;
  scores.Add(1, 2);
  scores.Add(4, 4);
  scores.Add(9, 6);
  EXPECT_EQ(scores.examples(), 3);
  EXPECT_NEAR(scores.mean_absolute_error(), 4.0 / 3, 1e-12);
  EXPECT_NEAR(scores.root_mean_squared_error(), std::sqrt(10.0 / 3), 1e-12);
  EXPECT_NEAR(scores.r2(), 1 - 10.0 / 8, 1e-12);
}

TEST(RegressionScoresTest, NumbersFarFromZeroLoseNothing) {
  RegressionScores scores;
  for (double x : {0.0, 1.0, 2.0}) scores.Add(1e9 + x, 1e9 + x + (x == 2 ? 1 : 0));
  EXPECT_NEAR(scores.r2(), 1 - 1 / (14.0 / 3), 1e-6);
}

TEST(RegressionScoresTest, ATruthThatDoesNotVaryIsRightOrWrong) {
  RegressionScores right, wrong;
  right.Add(5, 5);
  wrong.Add(4, 5);
  EXPECT_EQ(right.r2(), 1);
  EXPECT_EQ(wrong.r2(), 0);
  EXPECT_EQ(RegressionScores().r2(), 0);
}

}  // namespace
}  // namespace graft::evaluation
