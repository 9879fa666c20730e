#ifndef GRAFT_CORE_EVALUATION_REGRESSION_SCORES_H_
#define GRAFT_CORE_EVALUATION_REGRESSION_SCORES_H_

#include <cstdint>

namespace graft::evaluation {

// Adds up how far predictions of one number are from the truth. Means and sums of squares are
// updated as Welford (1962) does, so that numbers far from 0 lose no digits.
class RegressionScores {
 public:
  void Add(double predicted, double actual);

  int64_t examples() const { return examples_; }
  double mean_absolute_error() const;
  double root_mean_squared_error() const;
  // 1 - sum (predicted - actual)^2 / sum (actual - mean actual)^2, scikit-learn's r2_score. Where
  // the truth does not vary: 1 if every prediction is right, else 0.
  double r2() const;

 private:
  int64_t examples_ = 0;
  double absolute_sum_ = 0;
  double squared_sum_ = 0;
  double mean_ = 0;        // of the truth
  double about_mean_ = 0;  // sum of squares of the truth about its mean
};

}  // namespace graft::evaluation

#endif  // GRAFT_CORE_EVALUATION_REGRESSION_SCORES_H_
