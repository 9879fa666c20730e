#ifndef GRAFT_CORE_TASKS_MULTILABEL_TASK_H_
#define GRAFT_CORE_TASKS_MULTILABEL_TASK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/tasks/multilabel/loss.h"
#include "core/tasks/multilabel/options.h"
#include "core/tasks/multilabel/outputs.h"
#include "core/tasks/task.h"

namespace graft::data {
struct DatasetManifest;
}  // namespace graft::data

namespace graft::tasks {

// Any number of labels an image: a sigmoid and a threshold each. Targets: [entries, labels] uint8.
// The thresholds are those with the best F1 on the validation part, each label for itself; 0.5
// where nothing is held out. BALANCED class_weighting: BalancedPositiveWeights of the training
// part.
class MultilabelTask final : public Task {
 public:
  // `labels_of`: of each entry the labels it has, as indices into `labels`; none is allowed.
  // INVALID_ARGUMENT: no labels at all, or an index that is none of them.
  static absl::StatusOr<std::unique_ptr<MultilabelTask>> Create(
      std::vector<std::string> labels, const std::vector<std::vector<int>>& labels_of,
      const MultilabelOptions& options);
  // The same for a dataset whose images have labels.
  static absl::StatusOr<std::unique_ptr<MultilabelTask>> Create(
      const data::DatasetManifest& dataset, const MultilabelOptions& options);

  absl::string_view name() const override { return kMultilabelTask; }
  int64_t outputs() const override { return static_cast<int64_t>(labels_.size()); }
  const at::Tensor& targets() const override { return targets_; }
  absl::Status LearnFrom(absl::Span<const int64_t> train) override;
  // EMPTY_LABEL: no training image has it, or every one; TOO_FEW_IMAGES: fewer than 10 have it;
  // LABEL_WITHOUT_VALIDATION.
  std::vector<TrainingWarning> Warnings(absl::Span<const int64_t> train,
                                        absl::Span<const int64_t> validation) const override;
  at::Tensor Loss(const at::Tensor& outputs, const at::Tensor& targets) const override;
  const ConvexLoss* convex_loss() const override { return loss_.get(); }
  // The rarest label of a row: what is rare is shared out first. Rows without labels are a stratum
  // of their own.
  at::Tensor Strata(const at::Tensor& targets) const override;
  std::unique_ptr<Meter> NewTrainingMeter() const override;  // micro_f1, at 0.5
  std::unique_ptr<Evaluation> NewEvaluation() const override;
  std::string main_figure() const override { return "mean_average_precision"; }
  bool calibrates() const override { return true; }
  absl::Status Calibrate(const at::Tensor& outputs, const at::Tensor& targets) override;
  // {"labels":["beach","boat"],"thresholds":[0.5,0.31]}
  std::string OutputsJson() const override;
  std::string Limits() const override;

  const std::vector<double>& thresholds() const { return thresholds_; }

 private:
  MultilabelTask(std::vector<std::string> labels, at::Tensor targets,
                 const MultilabelOptions& options);
  bool balanced() const { return options_.class_weighting == ClassWeighting::kBalanced; }
  std::vector<int64_t> CountByLabel(absl::Span<const int64_t> entries) const;

  const std::vector<std::string> labels_;
  const at::Tensor targets_;
  const MultilabelOptions options_;
  std::unique_ptr<const SigmoidLoss> loss_;
  std::vector<double> thresholds_;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_MULTILABEL_TASK_H_
