#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_CLASSIFICATION_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_CLASSIFICATION_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/types/span.h"

namespace graft {

// Cross-entropy for one label an image, in nats, averaged over the batch.
struct ClassificationLoss {
  // Label smoothing (Szegedy et al. 2016): the target is (1 - eps) * one_hot + eps / classes.
  double label_smoothing = 0;
  // [classes] float32, or undefined: all 1. The average is then weighted, as PyTorch's is.
  at::Tensor class_weights;

  // logits: [batch, classes]; labels: [batch] int64. A scalar that can be differentiated.
  at::Tensor operator()(const at::Tensor& logits, const at::Tensor& labels) const;
};

// images / (classes * images of the class), scikit-learn's "balanced"; 0 for a class without any.
std::vector<float> BalancedClassWeights(absl::Span<const int64_t> images_by_class);

// How many rows of logits [batch, classes] have their label [batch] among the k largest.
int64_t CountTopK(const at::Tensor& logits, const at::Tensor& labels, int64_t k);

}  // namespace graft

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_CLASSIFICATION_H_
