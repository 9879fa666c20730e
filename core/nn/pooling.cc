#include "core/nn/pooling.h"

#include <ATen/ATen.h>

#include "core/nn/head.h"
#include "core/nn/ops/run.h"

namespace graft {

at::Tensor PoolFeatures(const HeadSpec& head, const at::Tensor& features) {
  if (!head.features.has_tokens()) return features.mean({2, 3});
  const at::Tensor* const in[] = {&features};
  return RunOp(PoolingOf(head), {.in = in, .own = {}});
}

}  // namespace graft
