#include "core/nn/pooling.h"

#include <vector>

#include <ATen/ATen.h>

#include "core/nn/head.h"
#include "core/nn/ops/run.h"

namespace graft::nn {

namespace {

at::Tensor Pooled(model::Pooling pooling, const model::FeatureMap& map,
                  const at::Tensor& features) {
  if (!map.has_tokens()) return features.mean({2, 3});
  const at::Tensor* const in[] = {&features};
  return RunOp(PoolingOf(pooling, map), {.in = in, .own = {}});
}

}  // namespace

at::Tensor PoolFeatures(const model::HeadSpec& head, const at::Tensor& features) {
  return Pooled(head.pooling, head.features, features);
}

at::Tensor JoinTaps(const model::HeadSpec& head, absl::Span<const at::Tensor> stages) {
  std::vector<at::Tensor> vectors;
  for (size_t i = 0; i < stages.size(); ++i) {
    const at::Tensor& features = stages[i];
    vectors.push_back(features.dim() == 2 ? features
                                          : Pooled(head.pooling, head.taps[i].features, features));
  }
  return at::cat(vectors, 1);
}

}  // namespace graft::nn
