#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_TASK_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_TASK_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/evaluation/conformal.h"
#include "core/tasks/classification/loss.h"
#include "core/tasks/classification/options.h"
#include "core/tasks/classification/outputs.h"
#include "core/tasks/task.h"

namespace graft::data {
struct DatasetManifest;
}  // namespace graft::data

namespace graft::tasks {

// One of several classes an image: softmax and cross-entropy. Targets: [entries] int64. BALANCED
// class_weighting: BalancedClassWeights of the training part.
class ClassificationTask final : public Task {
 public:
  // INVALID_ARGUMENT: fewer than two classes, or a label that is none of them.
  static absl::StatusOr<std::unique_ptr<ClassificationTask>> Create(
      std::vector<std::string> class_names, const std::vector<int64_t>& labels,
      const ClassificationOptions& options);
  static absl::StatusOr<std::unique_ptr<ClassificationTask>> Create(
      const data::DatasetManifest& dataset, const ClassificationOptions& options);

  absl::string_view name() const override { return kClassificationTask; }
  int64_t outputs() const override { return static_cast<int64_t>(class_names_.size()); }
  const at::Tensor& targets() const override { return labels_; }
  absl::Status LearnFrom(absl::Span<const int64_t> train) override;
  std::vector<TrainingWarning> Warnings(absl::Span<const int64_t> train,
                                        absl::Span<const int64_t> validation) const override;
  at::Tensor Loss(const at::Tensor& outputs, const at::Tensor& targets) const override;
  double LossWeight(const at::Tensor& targets) const override;
  const ConvexLoss* convex_loss() const override { return convex_loss_.get(); }
  at::Tensor Strata(const at::Tensor& targets) const override { return targets; }
  at::Tensor Classes(const at::Tensor& targets) const override { return targets; }
  std::unique_ptr<Meter> NewTrainingMeter() const override;
  std::unique_ptr<Evaluation> NewEvaluation() const override;
  std::string main_figure() const override { return "accuracy"; }
  // Thresholds, where a precision is aimed at, and what prediction sets are made from.
  bool calibrates() const override { return true; }
  absl::Status Calibrate(const at::Tensor& outputs, const at::Tensor& targets) override;
  std::string OutputsJson() const override;
  std::string Limits() const override;

  const std::vector<std::string>& class_names() const { return class_names_; }

 private:
  ClassificationTask(std::vector<std::string> class_names, at::Tensor labels,
                     const ClassificationOptions& options);
  bool balanced() const { return options_.class_weighting == ClassWeighting::kBalanced; }
  std::vector<int64_t> CountByClass(absl::Span<const int64_t> entries) const;

  const std::vector<std::string> class_names_;
  const at::Tensor labels_;
  const ClassificationOptions options_;
  ClassificationLoss loss_;
  std::unique_ptr<const SoftmaxLoss> convex_loss_;
  std::vector<double> thresholds_;                        // empty: none is aimed at
  std::optional<evaluation::ConformalScores> conformal_;  // of the validation part
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_TASK_H_
