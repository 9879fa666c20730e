#ifndef GRAFT_CORE_TASKS_REGRESSION_REPORT_H_
#define GRAFT_CORE_TASKS_REGRESSION_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/evaluation/regression_scores.h"
#include "core/tasks/meter.h"
#include "core/tasks/regression/loss.h"
#include "core/tasks/regression/outputs.h"

namespace graft::tasks {

// How one number fared, in the user's units; core/evaluation/regression_scores.h has the formulas.
struct NumberScore {
  std::string name;
  double mean_absolute_error = 0;
  double root_mean_squared_error = 0;
  double r2 = 0;
};

// How a regression did on one split.
struct RegressionReport {
  std::vector<NumberScore> numbers;  // in the order of the outputs
  double r2 = 0;                     // the mean of theirs
  double loss = 0;                   // in standardised units, the mean over images and numbers
  int64_t images = 0;
  std::string split;
};

// An object with the fields of graft.v1.RegressionReport.
std::string RegressionReportToJson(const RegressionReport& report);

// Judges standardised outputs [rows, numbers] against standardised targets of the same shape.
class RegressionEvaluation final : public Evaluation {
 public:
  // Borrowed: all must outlive this; one scale a name.
  RegressionEvaluation(const std::vector<std::string>* names,
                       const std::vector<NumberScale>* scales, const RegressionLoss* loss);

  void Add(const at::Tensor& outputs, const at::Tensor& targets) override;
  // loss, mean_absolute_error, root_mean_squared_error, r2; errors are the mean over the numbers,
  // each divided by its deviation where there are several, for their units may differ.
  Figures Read() const override;
  TaskReport Report(const std::string& split) const override;
  RegressionReport Full(const std::string& split) const;

 private:
  const std::vector<std::string>* const names_;
  const std::vector<NumberScale>* const scales_;
  const RegressionLoss* const loss_;
  std::vector<evaluation::RegressionScores> scores_;  // by number, in the user's units
  double loss_sum_ = 0;
  int64_t images_ = 0;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_REGRESSION_REPORT_H_
