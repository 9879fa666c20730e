#include "core/tasks/multilabel/loss.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "absl/status/status.h"

namespace graft::tasks {
namespace {

constexpr double kMaxPositiveWeight = 100;

}  // namespace

at::Tensor SigmoidLoss::Mean(const at::Tensor& logits, const at::Tensor& targets) const {
  std::optional<at::Tensor> weights;
  if (positive_weights_.defined()) weights = positive_weights_.to(logits.options());
  return at::binary_cross_entropy_with_logits(logits, targets.to(logits.scalar_type()),
                                              /*weight=*/{}, weights, at::Reduction::Mean);
}

absl::Status SigmoidLoss::CheckTargets(const at::Tensor& targets) const {
  if (targets.dim() != 2 || targets.size(1) != labels_) {
    return absl::InvalidArgumentError("targets must say of each label whether an image has it");
  }
  if (targets.numel() > 0 && !targets.eq(0).logical_or(targets.eq(1)).all().item<bool>()) {
    return absl::InvalidArgumentError("a target is neither 0 nor 1");
  }
  return absl::OkStatus();
}

ConvexLoss::Rows SigmoidLoss::At(const at::Tensor& outputs, const at::Tensor& targets) const {
  const at::Tensor y = targets.to(outputs.scalar_type());
  std::optional<at::Tensor> weights;
  if (positive_weights_.defined()) weights = positive_weights_.to(outputs.options());
  Rows rows;
  rows.loss =
      at::binary_cross_entropy_with_logits(outputs, y, /*weight=*/{}, weights, at::Reduction::None)
          .sum(1, /*keepdim=*/true);
  // Without weights sigmoid(x) - y.
  const at::Tensor wy = weights.has_value() ? y * *weights : y;
  rows.residual = at::sigmoid(outputs) * (wy + 1 - y) - wy;
  return rows;
}

double SigmoidLoss::HeldOut(const at::Tensor& outputs, const at::Tensor& targets) const {
  return at::binary_cross_entropy_with_logits(outputs, targets.to(outputs.scalar_type()))
      .item<double>();
}

std::vector<float> BalancedPositiveWeights(absl::Span<const int64_t> images_by_label,
                                           int64_t images) {
  std::vector<float> weights;
  for (int64_t with : images_by_label) {
    const int64_t without = images - with;
    weights.push_back(
        with == 0 || without == 0
            ? 1.0f
            : static_cast<float>(std::min(
                  kMaxPositiveWeight, static_cast<double>(without) / static_cast<double>(with))));
  }
  return weights;
}

}  // namespace graft::tasks
