#ifndef GRAFT_CORE_NN_POOLING_H_
#define GRAFT_CORE_NN_POOLING_H_

#include <ATen/core/Tensor.h>

#include "core/model/head_spec.h"

namespace graft {

// What a head that pools does before its first parameter, and what is therefore worth caching:
// features [N, C, H, W] or [N, T, C] -> [N, C]. The head must pool.
at::Tensor PoolFeatures(const HeadSpec& head, const at::Tensor& features);

}  // namespace graft

#endif  // GRAFT_CORE_NN_POOLING_H_
