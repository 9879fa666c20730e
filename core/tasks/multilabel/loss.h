#ifndef GRAFT_CORE_TASKS_MULTILABEL_LOSS_H_
#define GRAFT_CORE_TASKS_MULTILABEL_LOSS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/types/span.h"

#include "core/tasks/convex_loss.h"

namespace graft::tasks {

// Binary cross-entropy of sigmoids, label by label, in nats:
//   loss(x, y) = -(w_c y log(sigmoid(x)) + (1 - y) log(1 - sigmoid(x)))
// with w_c the weight of label c's positives; PyTorch's BCEWithLogitsLoss(pos_weight).
// As ConvexLoss a row's loss is the sum over its labels, so that the fit of a linear head is that
// of a logistic regression a label.
class SigmoidLoss final : public ConvexLoss {
 public:
  // `positive_weights`: [labels] float32, or undefined: all 1.
  explicit SigmoidLoss(int64_t labels, at::Tensor positive_weights = {})
      : labels_(labels), positive_weights_(std::move(positive_weights)) {}

  // The mean over rows and labels; a scalar that can be differentiated. logits: [rows, labels];
  // targets: [rows, labels] of 0 and 1, any type.
  at::Tensor Mean(const at::Tensor& logits, const at::Tensor& targets) const;

  int64_t outputs() const override { return labels_; }
  double terms() const override { return static_cast<double>(labels_); }
  absl::Status CheckTargets(const at::Tensor& targets) const override;
  Rows At(const at::Tensor& outputs, const at::Tensor& targets) const override;
  double HeldOut(const at::Tensor& outputs, const at::Tensor& targets) const override;

 private:
  const int64_t labels_;
  const at::Tensor positive_weights_;
};

// Images without the label / images with it; 1 for a label that no image or every image has, and at
// most 100, so that a label of few images does not drown the others.
std::vector<float> BalancedPositiveWeights(absl::Span<const int64_t> images_by_label,
                                           int64_t images);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_MULTILABEL_LOSS_H_
