#include <ATen/ATen.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const MaxPool2d& pool, const RunArgs& args) {
  return at::max_pool2d(args.x(), {pool.kernel, pool.kernel}, {pool.stride, pool.stride},
                        {pool.padding, pool.padding}, /*dilation=*/1, pool.round_up);
}

at::Tensor Run(const AvgPool2d& pool, const RunArgs& args) {
  return at::avg_pool2d(args.x(), {pool.kernel, pool.kernel}, {pool.stride, pool.stride},
                        {pool.padding, pool.padding});
}

at::Tensor Run(const AdaptiveAvgPool2d& pool, const RunArgs& args) {
  const at::Tensor& x = args.x();
  if (x.dim() == 2) return x;  // pooled already
  if (x.size(2) == pool.height && x.size(3) == pool.width) return x;
  return at::adaptive_avg_pool2d(x, {pool.height, pool.width});
}

at::Tensor Run(const TokenPool& pool, const RunArgs& args) {
  const at::Tensor& x = args.x();
  if (x.dim() == 2) return x;  // pooled already
  const at::Tensor mask = args.optional(1);
  switch (pool.kind) {
    case TokenPoolKind::kMean: {
      const at::Tensor tokens = x.slice(1, pool.skip);
      if (!mask.defined()) return tokens.mean(1);
      const at::Tensor weights = mask.slice(1, pool.skip).to(x.scalar_type()).unsqueeze(2);
      return (tokens * weights).sum(1) / weights.sum(1);
    }
    case TokenPoolKind::kFirst:
      return x.select(1, 0);
    case TokenPoolKind::kLast: {
      if (!mask.defined()) return x.select(1, x.size(1) - 1);
      // Wherever the padding is: the last position that the mask has a 1 at.
      const at::Tensor positions = at::arange(x.size(1), mask.options().dtype(at::kLong));
      const at::Tensor last = at::where(mask != 0, positions, at::zeros_like(positions)).amax(1);
      return x.gather(1, last.view({-1, 1, 1}).expand({-1, 1, x.size(2)})).squeeze(1);
    }
  }
  return x;
}

}  // namespace graft::nn
