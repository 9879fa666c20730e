#include "core/nn/pixels.h"

#include <ATen/ATen.h>

namespace graft::nn {

PixelNormalizer::PixelNormalizer(const model::InputSpec& input, at::Device device) {
  const model::PixelScale scale = model::PixelScaleOf(input);
  factors_ = at::tensor(at::ArrayRef<float>(scale.scale, 3)).to(device);
  shifts_ = at::tensor(at::ArrayRef<float>(scale.shift, 3)).to(device);
}

at::Tensor PixelNormalizer::operator()(const at::Tensor& pixels) const {
  return pixels.to(at::kFloat).mul_(factors_).add_(shifts_).permute({0, 3, 1, 2});
}

at::Tensor NormalizePixels(const at::Tensor& pixels, const model::InputSpec& input) {
  return PixelNormalizer(input)(pixels);
}

}  // namespace graft::nn
