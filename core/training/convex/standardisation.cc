#include "core/training/convex/standardisation.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace graft::training {

absl::string_view FeatureScalingName(FeatureScaling scaling) {
  return scaling == FeatureScaling::kCommon ? "one scale" : "the roots of their deviations";
}

Standardisation FitStandardisation(const at::Tensor& features, FeatureScaling scaling) {
  const at::NoGradGuard no_grad;
  Standardisation standardisation;
  standardisation.mean = features.mean(0);
  const at::Tensor deviation = (features - standardisation.mean).pow(2).mean(0).sqrt();
  // Rounding leaves a column of equal values with a deviation of about 1e-7 times the value.
  const at::Tensor varies = deviation > standardisation.mean.abs() * 1e-6 + 1e-12;
  at::Tensor scale = at::ones_like(deviation, at::kDouble);
  if (scaling == FeatureScaling::kByRoot) {
    scale = at::where(varies, deviation.to(at::kDouble).rsqrt(), scale);
  }
  if (varies.any().item<bool>()) {
    const double variance = (deviation * scale).pow(2).mean().item<double>();
    scale = scale / std::sqrt(variance);
  }
  standardisation.scale = scale.to(at::kFloat);
  return standardisation;
}

at::Tensor Standardisation::Apply(const at::Tensor& features) const {
  return ((features - mean) * scale).contiguous();
}

LinearModel Standardisation::Fold(const LinearModel& model) const {
  LinearModel folded = model;
  const at::Tensor weight = model.weight.to(at::kDouble) * scale.to(at::kCPU).to(at::kDouble);
  folded.weight = weight.to(at::kFloat);
  folded.bias =
      (model.bias.to(at::kDouble) - weight.mv(mean.to(at::kCPU).to(at::kDouble))).to(at::kFloat);
  return folded;
}

}  // namespace graft::training
