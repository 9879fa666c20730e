#include <ATen/ATen.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const Flatten&, const RunArgs& args) { return args.x().flatten(1); }

at::Tensor Run(const MapToTokens&, const RunArgs& args) {
  return args.x().flatten(2).transpose(1, 2);
}

at::Tensor Run(const ClassToken&, const RunArgs& args) {
  return at::cat({args.own[0].expand({args.x().size(0), -1, -1}), args.x()}, 1);
}

at::Tensor Run(const PositionEmbedding&, const RunArgs& args) { return args.x() + args.own[0]; }

at::Tensor Run(const TokensToMap&, const RunArgs& args) {
  const at::Tensor& x = args.x();
  return x.transpose(1, 2).reshape(
      {x.size(0), x.size(2), args.in[1]->size(2), args.in[1]->size(3)});
}

at::Tensor Run(const ConcatChannels&, const RunArgs& args) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor* part : args.in) parts.push_back(*part);
  return at::cat(parts, 1);
}

at::Tensor Run(const Concat&, const RunArgs& args) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor* part : args.in) parts.push_back(*part);
  return at::cat(parts, -1);
}

}  // namespace graft::nn
