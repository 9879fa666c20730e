#ifndef GRAFT_CORE_NN_HEAD_H_
#define GRAFT_CORE_NN_HEAD_H_

#include "absl/status/statusor.h"

#include "core/model/head_spec.h"
#include "core/nn/network_spec.h"

namespace graft {

// A head as a network of one stage, "head", over a feature map [N, channels, height, width]; gives
// logits [N, outputs]. LINEAR and MLP take pooled features [N, channels] as well.
// ARTICLE is the recipe of Chollet's 2016 article on small data: Flatten, Dense, ReLU, Dropout,
// Dense. INVALID_ARGUMENT where ValidateHeadSpec fails.
absl::StatusOr<NetworkSpec> BuildHead(const HeadSpec& head);

}  // namespace graft

#endif  // GRAFT_CORE_NN_HEAD_H_
