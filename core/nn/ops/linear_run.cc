#include <ATen/ATen.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const Linear& linear, const RunArgs& args) {
  return at::linear(args.x(), args.own[0], linear.bias ? args.own[1] : at::Tensor());
}

at::Tensor Run(const CosineLinear&, const RunArgs& args) {
  // A vector of zeros has no direction: its cosine is 0, not NaN.
  const auto normalised = [](const at::Tensor& x) {
    return x / x.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
  };
  return args.own[1] * at::linear(normalised(args.x()), normalised(args.own[0]));
}

}  // namespace graft::nn
