#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_LOSS_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_LOSS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/types/span.h"

#include "core/tasks/convex_loss.h"

namespace graft::tasks {

// Cross-entropy for one label an image, in nats, averaged over the batch.
struct ClassificationLoss {
  // Label smoothing (Szegedy et al. 2016): the target is (1 - eps) * one_hot + eps / classes.
  double label_smoothing = 0;
  // [classes] float32, or undefined: all 1. The average is then weighted, as PyTorch's is.
  at::Tensor class_weights;

  // logits: [batch, classes]; labels: [batch] int64. A scalar that can be differentiated.
  at::Tensor operator()(const at::Tensor& logits, const at::Tensor& labels) const;
};

// Multinomial logistic regression's loss: s_i * crossentropy(softmax(logits_i), label_i), s_i being
// the weight of the image's class.
class SoftmaxLoss final : public ConvexLoss {
 public:
  // `class_weights`: [classes] float32, or undefined: all 1.
  explicit SoftmaxLoss(int64_t classes, at::Tensor class_weights = {})
      : classes_(classes), class_weights_(std::move(class_weights)) {}

  int64_t outputs() const override { return classes_; }
  absl::Status CheckTargets(const at::Tensor& targets) const override;
  Rows At(const at::Tensor& outputs, const at::Tensor& targets) const override;
  double HeldOut(const at::Tensor& outputs, const at::Tensor& targets) const override;

 private:
  const int64_t classes_;
  const at::Tensor class_weights_;
};

// images / (classes * images of the class), scikit-learn's "balanced"; 0 for a class without any.
std::vector<float> BalancedClassWeights(absl::Span<const int64_t> images_by_class);

// How many rows of logits [batch, classes] have their label [batch] among the k largest.
int64_t CountTopK(const at::Tensor& logits, const at::Tensor& labels, int64_t k);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_LOSS_H_
