#include "core/evaluation/regression_scores.h"

#include <cmath>

namespace graft::evaluation {

void RegressionScores::Add(double predicted, double actual) {
  ++examples_;
  const double error = predicted - actual;
  absolute_sum_ += std::abs(error);
  squared_sum_ += error * error;
  const double from_old = actual - mean_;
  mean_ += from_old / static_cast<double>(examples_);
  about_mean_ += from_old * (actual - mean_);
}

double RegressionScores::mean_absolute_error() const {
  return examples_ == 0 ? 0 : absolute_sum_ / static_cast<double>(examples_);
}

double RegressionScores::root_mean_squared_error() const {
  return examples_ == 0 ? 0 : std::sqrt(squared_sum_ / static_cast<double>(examples_));
}

double RegressionScores::r2() const {
  if (examples_ == 0) return 0;
  if (about_mean_ == 0) return squared_sum_ == 0 ? 1 : 0;
  return 1 - squared_sum_ / about_mean_;
}

}  // namespace graft::evaluation
