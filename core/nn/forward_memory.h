#ifndef GRAFT_CORE_NN_FORWARD_MEMORY_H_
#define GRAFT_CORE_NN_FORWARD_MEMORY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

#include "core/nn/network_spec.h"

namespace graft {

inline constexpr int kMaxForwardBatch = 32;
inline constexpr int64_t kForwardBytes = int64_t{256} << 20;

// Bytes of float32 activations that Network::Forward holds at once for one image of `height` x
// `width` without gradients, stage by stage: the stage's input, and the outputs that a later node
// still reads. Scratch memory of the kernels is not in it.
absl::StatusOr<std::vector<int64_t>> PeakActivationBytes(const NetworkSpec& spec, int height,
                                                         int width);

// How many images to run at a time where one holds `bytes_per_image` at its peak: the largest power
// of two up to kMaxForwardBatch that stays within kForwardBytes, and at least 1. A network with
// large maps gains nothing from a larger batch, takes gigabytes for it, and cannot be interrupted
// meanwhile. (A power of two, so that batches never straddle the shards of the feature cache.)
int ForwardBatch(int64_t bytes_per_image);

}  // namespace graft

#endif  // GRAFT_CORE_NN_FORWARD_MEMORY_H_
