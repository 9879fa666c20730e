#include "core/nn/pixels.h"

#include <ATen/ATen.h>

namespace graft::nn {

at::Tensor NormalizePixels(const at::Tensor& pixels, const model::InputSpec& input) {
  const model::PixelScale scale = model::PixelScaleOf(input);
  const at::Tensor factors = at::tensor(at::ArrayRef<float>(scale.scale, 3));
  const at::Tensor shifts = at::tensor(at::ArrayRef<float>(scale.shift, 3));
  return pixels.to(at::kFloat).mul_(factors).add_(shifts).permute({0, 3, 1, 2});
}

}  // namespace graft::nn
