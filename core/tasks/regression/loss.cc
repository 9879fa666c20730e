#include "core/tasks/regression/loss.h"

#include <ATen/ATen.h>

#include "absl/status/status.h"

namespace graft::tasks {

at::Tensor RegressionLoss::Elements(const at::Tensor& outputs, const at::Tensor& targets) const {
  if (kind_ == RegressionLossKind::kSquared) return (outputs - targets).square() / 2;
  // Of two types it would refuse the gradient.
  return at::huber_loss(outputs, targets.to(outputs.scalar_type()), at::Reduction::None, delta_);
}

at::Tensor RegressionLoss::Mean(const at::Tensor& outputs, const at::Tensor& targets) const {
  return Elements(outputs, targets).mean();
}

absl::Status RegressionLoss::CheckTargets(const at::Tensor& targets) const {
  if (targets.dim() != 2 || targets.size(1) != numbers_ || targets.scalar_type() != at::kFloat) {
    return absl::InvalidArgumentError("targets must be so many numbers an image as there are");
  }
  if (!at::isfinite(targets).all().item<bool>()) {
    return absl::InvalidArgumentError("a target is no finite number");
  }
  return absl::OkStatus();
}

ConvexLoss::Rows RegressionLoss::At(const at::Tensor& outputs, const at::Tensor& targets) const {
  Rows rows;
  rows.loss = Elements(outputs, targets).sum(1, /*keepdim=*/true);
  rows.residual = outputs - targets;
  if (kind_ == RegressionLossKind::kHuber) rows.residual = rows.residual.clamp(-delta_, delta_);
  return rows;
}

double RegressionLoss::HeldOut(const at::Tensor& outputs, const at::Tensor& targets) const {
  return Mean(outputs, targets).item<double>();
}

}  // namespace graft::tasks
