#include "core/tasks/classification/loss.h"

#include <algorithm>
#include <numeric>

#include <ATen/ATen.h>

#include "absl/status/status.h"

namespace graft::tasks {

at::Tensor ClassificationLoss::operator()(const at::Tensor& logits,
                                          const at::Tensor& labels) const {
  std::optional<at::Tensor> weights;
  if (class_weights.defined()) weights = class_weights.to(logits.options());
  return at::cross_entropy_loss(logits, labels, weights, at::Reduction::Mean,
                                /*ignore_index=*/-100, label_smoothing);
}

absl::Status SoftmaxLoss::CheckTargets(const at::Tensor& targets) const {
  if (classes_ < 2) return absl::InvalidArgumentError("one class: two or more are needed");
  if (targets.dim() != 1 || targets.scalar_type() != at::kLong) {
    return absl::InvalidArgumentError("targets must be one label an image");
  }
  if (targets.size(0) > 0 &&
      (targets.min().item<int64_t>() < 0 || targets.max().item<int64_t>() >= classes_)) {
    return absl::InvalidArgumentError("a label is out of range");
  }
  return absl::OkStatus();
}

ConvexLoss::Rows SoftmaxLoss::At(const at::Tensor& outputs, const at::Tensor& targets) const {
  const at::Tensor log_probabilities = at::log_softmax(outputs, 1);
  const at::Tensor column = targets.unsqueeze(1);
  Rows rows;
  rows.loss = log_probabilities.gather(1, column).neg();
  // probabilities - one_hot
  rows.residual = log_probabilities.exp();
  rows.residual.scatter_add_(1, column, at::full({targets.size(0), 1}, -1.0, outputs.options()));
  if (class_weights_.defined()) {
    const at::Tensor weights =
        class_weights_.to(outputs.options()).index_select(0, targets).unsqueeze(1);
    rows.loss = rows.loss * weights;
    rows.residual = rows.residual * weights;
  }
  return rows;
}

double SoftmaxLoss::HeldOut(const at::Tensor& outputs, const at::Tensor& targets) const {
  return at::cross_entropy_loss(outputs, targets).item<double>();
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

}  // namespace graft::tasks
