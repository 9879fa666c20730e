#ifndef GRAFT_CORE_TASKS_REGRESSION_TASK_H_
#define GRAFT_CORE_TASKS_REGRESSION_TASK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/tasks/regression/loss.h"
#include "core/tasks/regression/options.h"
#include "core/tasks/regression/report.h"
#include "core/tasks/task.h"

namespace graft::data {
struct DatasetManifest;
}  // namespace graft::data

namespace graft::tasks {

// One or more numbers an image. They are learnt with the mean and deviation of the training part
// taken out, which the outputs carry, so that answers are in the user's units. Targets:
// [entries, numbers] float32, standardised once LearnFrom was called.
class RegressionTask final : public Task {
 public:
  // `values`: of each entry its numbers, in the order of `names`. INVALID_ARGUMENT: no numbers, an
  // entry with more or fewer, or a value that is not finite.
  static absl::StatusOr<std::unique_ptr<RegressionTask>> Create(
      std::vector<std::string> names, const std::vector<std::vector<double>>& values,
      const RegressionOptions& options);
  // The same for a dataset whose images have numbers.
  static absl::StatusOr<std::unique_ptr<RegressionTask>> Create(
      const data::DatasetManifest& dataset, const RegressionOptions& options);

  absl::string_view name() const override { return kRegressionTask; }
  int64_t outputs() const override { return static_cast<int64_t>(names_.size()); }
  const at::Tensor& targets() const override { return targets_; }
  absl::Status LearnFrom(absl::Span<const int64_t> train) override;
  // CONSTANT_TARGET: a number is the same in every training image; TOO_FEW_IMAGES: fewer than 20
  // to train on.
  std::vector<TrainingWarning> Warnings(absl::Span<const int64_t> train,
                                        absl::Span<const int64_t> validation) const override;
  at::Tensor Loss(const at::Tensor& outputs, const at::Tensor& targets) const override;
  const ConvexLoss* convex_loss() const override { return &loss_; }
  std::unique_ptr<Meter> NewTrainingMeter() const override;  // mean_absolute_error
  std::unique_ptr<Evaluation> NewEvaluation() const override;
  std::string main_figure() const override { return "r2"; }
  // What ranges are made from.
  bool calibrates() const override { return true; }
  absl::Status Calibrate(const at::Tensor& outputs, const at::Tensor& targets) override;
  std::string OutputsJson() const override;
  std::string Limits() const override;

  const std::vector<NumberScale>& scales() const { return scales_; }

 private:
  RegressionTask(std::vector<std::string> names, at::Tensor values,
                 const RegressionOptions& options);

  const std::vector<std::string> names_;
  const RegressionOptions options_;
  const RegressionLoss loss_;
  const at::Tensor values_;  // [entries, numbers] float64, as they were given
  at::Tensor targets_;
  std::vector<NumberScale> scales_;
  std::vector<bool> constant_;
  std::vector<evaluation::ConformalScores> conformal_;  // of the validation part
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_REGRESSION_TASK_H_
