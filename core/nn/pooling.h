#ifndef GRAFT_CORE_NN_POOLING_H_
#define GRAFT_CORE_NN_POOLING_H_

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"

#include "core/model/head_spec.h"

namespace graft::nn {

// What a head that pools does before its first parameter, and what is therefore worth caching:
// features [N, C, H, W] or [N, T, C] -> [N, C]. The head must pool, and have no taps.
at::Tensor PoolFeatures(const model::HeadSpec& head, const at::Tensor& features);

// The same for a head with taps, of what each of its stages gives: the vectors side by side,
// [N, sum of channels]. Features that are a vector, [N, C], stay.
at::Tensor JoinTaps(const model::HeadSpec& head, absl::Span<const at::Tensor> stages);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_POOLING_H_
