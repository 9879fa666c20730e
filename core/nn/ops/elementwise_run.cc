#include <ATen/ATen.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const Activation& activation, const RunArgs& args) {
  const at::Tensor& x = args.x();
  switch (activation.kind) {
    case ActivationKind::kRelu:
      return at::relu(x);
    case ActivationKind::kRelu6:
      return at::hardtanh(x, 0, 6);
    case ActivationKind::kSilu:
      return at::silu(x);
    case ActivationKind::kSigmoid:
      return at::sigmoid(x);
    case ActivationKind::kGelu:
      return at::gelu(x);
    case ActivationKind::kTanh:
      return at::tanh(x);
    case ActivationKind::kHardSigmoid:
      return at::hardsigmoid(x);
    case ActivationKind::kHardSwish:
      return at::hardswish(x);
  }
  return x;
}

at::Tensor Run(const Add& add, const RunArgs& args) {
  if (!args.training || add.drop_path == 0) return args.x() + *args.in[1];
  const double keep = 1 - add.drop_path;
  std::vector<int64_t> rows(static_cast<size_t>(args.x().dim()), 1);
  rows[0] = args.x().size(0);
  const at::Tensor kept = at::empty(rows, args.x().options()).bernoulli_(keep).div_(keep);
  return args.x() * kept + *args.in[1];
}

at::Tensor Run(const Multiply&, const RunArgs& args) { return args.x() * *args.in[1]; }

at::Tensor Run(const LayerScale&, const RunArgs& args) { return args.x() * args.own[0]; }

at::Tensor Run(const Dropout& dropout, const RunArgs& args) {
  return at::dropout(args.x(), dropout.probability, args.training);
}

}  // namespace graft::nn
