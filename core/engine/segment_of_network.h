#ifndef GRAFT_CORE_ENGINE_SEGMENT_OF_NETWORK_H_
#define GRAFT_CORE_ENGINE_SEGMENT_OF_NETWORK_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/engine/segment.h"
#include "core/nn/network.h"

namespace graft::engine {

// `spec`, put together from these networks, with their tensors by name: float32, contiguous, in the
// host's memory, and kept; `keeps` is what they point into where they do not own it. `pixels` as in
// Segment; `ranges`: those of layers that it has (quantized_layers.h). NOT_FOUND names a tensor
// that no network has.
absl::StatusOr<std::shared_ptr<const Segment>> SegmentOf(
    nn::NetworkSpec spec, absl::Span<const nn::Network* const> networks,
    std::optional<model::InputSpec> pixels, std::shared_ptr<const void> keeps,
    std::vector<model::ActivationRange> ranges = {});

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_SEGMENT_OF_NETWORK_H_
