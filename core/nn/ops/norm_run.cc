#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const BatchNorm2d& norm, const RunArgs& args) {
  const at::Tensor& batches = args.own[4];
  if (args.batch_statistics) {
    const at::NoGradGuard no_grad;
    at::Tensor(batches).add_(1);
  }
  return at::batch_norm(args.x(), args.own[0], args.own[1], args.own[2], args.own[3],
                        args.batch_statistics, norm.momentum, norm.epsilon,
                        /*cudnn_enabled=*/true);
}

at::Tensor Run(const LayerNorm& norm, const RunArgs& args) {
  return at::layer_norm(args.x(), {norm.features}, args.own[0], args.own[1], norm.epsilon);
}

}  // namespace graft::nn
