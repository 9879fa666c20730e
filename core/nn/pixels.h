#ifndef GRAFT_CORE_NN_PIXELS_H_
#define GRAFT_CORE_NN_PIXELS_H_

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "core/model/input_spec.h"

namespace graft::nn {

// What a network takes of framed pictures, as model::PixelScaleOf(input) says: pixels
// [N, H, W, 3], bytes -> [N, 3, H, W], floats. In memory it is channels last, as the pixels are:
// what convolutions run on without reordering in between.
class PixelNormalizer {
 public:
  // For pixels that are on `device`, where it keeps the numbers it needs.
  explicit PixelNormalizer(const model::InputSpec& input, at::Device device = at::kCPU);

  at::Tensor operator()(const at::Tensor& pixels) const;

 private:
  at::Tensor factors_;
  at::Tensor shifts_;
};

// Of pixels in the host's memory.
at::Tensor NormalizePixels(const at::Tensor& pixels, const model::InputSpec& input);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_PIXELS_H_
