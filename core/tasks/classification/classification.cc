#include "core/tasks/classification/classification.h"

#include <algorithm>
#include <numeric>

#include <ATen/ATen.h>

namespace graft {

at::Tensor ClassificationLoss::operator()(const at::Tensor& logits,
                                          const at::Tensor& labels) const {
  std::optional<at::Tensor> weights;
  if (class_weights.defined()) weights = class_weights;
  return at::cross_entropy_loss(logits, labels, weights, at::Reduction::Mean,
                                /*ignore_index=*/-100, label_smoothing);
}

std::vector<float> BalancedClassWeights(absl::Span<const int64_t> images_by_class) {
  const auto images = static_cast<double>(
      std::accumulate(images_by_class.begin(), images_by_class.end(), int64_t{0}));
  const auto classes = static_cast<double>(images_by_class.size());
  std::vector<float> weights;
  for (int64_t count : images_by_class) {
    weights.push_back(
        count == 0 ? 0.0f : static_cast<float>(images / (classes * static_cast<double>(count))));
  }
  return weights;
}

int64_t CountTopK(const at::Tensor& logits, const at::Tensor& labels, int64_t k) {
  if (logits.size(0) == 0) return 0;
  const int64_t most = std::min<int64_t>(k, logits.size(1));
  const at::Tensor indices = std::get<1>(logits.detach().topk(most, 1));
  return indices.eq(labels.unsqueeze(1)).sum().item<int64_t>();
}

}  // namespace graft
