#ifndef GRAFT_CORE_NN_FORWARD_MEMORY_H_
#define GRAFT_CORE_NN_FORWARD_MEMORY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/network_spec.h"

namespace graft::nn {

inline constexpr int kMaxForwardBatch = 32;
inline constexpr int64_t kForwardBytes = int64_t{256} << 20;

// The most bytes of float32 activations that live at one time while Network::Forward runs stages
// [from, to) without gradients, for one example whose inputs have these shapes: what enters stage
// `from` and lies beside it, which the caller holds; each tensor from the node that makes it to the
// last one that reads it; and what the operations say that they take themselves. What LibTorch
// takes beyond that inside one operation (reordered weights) is not in it.
// INVALID_ARGUMENT as InferShapes says. Pure.
absl::StatusOr<int64_t> PeakActivationBytes(const NetworkSpec& spec, int from, int to,
                                            absl::Span<const Shape> inputs);
// The same for an image.
absl::StatusOr<int64_t> PeakActivationBytes(const NetworkSpec& spec, int from, int to, int height,
                                            int width);

// How many images to run at a time where one holds `bytes_per_image` at its peak: the largest power
// of two up to kMaxForwardBatch that stays within kForwardBytes, and at least 1. A network with
// large maps gains nothing from a larger batch, takes gigabytes for it, and cannot be interrupted
// meanwhile. (A power of two, so that batches never straddle the shards of the feature cache.)
int ForwardBatch(int64_t bytes_per_image);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_FORWARD_MEMORY_H_
