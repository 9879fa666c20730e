#ifndef GRAFT_CORE_SERVING_ACTIVATION_MEMORY_H_
#define GRAFT_CORE_SERVING_ACTIVATION_MEMORY_H_

#include <cstdint>

#include "absl/status/statusor.h"

#include "core/nn/network_spec.h"

namespace graft {

// The most bytes of float32 activations that live at one time while stages [0, stage_end) compute
// one image of `height` x `width`, its input included: each tensor lives from the node that makes
// it to the last one that reads it, as in Network::Forward. What LibTorch takes inside one
// operation (reordered weights, scratch) is not in it. INVALID_ARGUMENT as InferShapes says. Pure.
absl::StatusOr<uint64_t> PeakActivationBytes(const NetworkSpec& spec, int stage_end, int height,
                                             int width);

// How many images of so many bytes each fit `budget_bytes`: at least 1, at most `most`. Pure.
int RowsWithin(uint64_t bytes_per_row, uint64_t budget_bytes, int most);

}  // namespace graft

#endif  // GRAFT_CORE_SERVING_ACTIVATION_MEMORY_H_
