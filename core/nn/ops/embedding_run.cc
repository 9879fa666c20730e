#include <ATen/ATen.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const Embedding&, const RunArgs& args) {
  return at::embedding(args.own[0], args.x());
}

}  // namespace graft::nn
