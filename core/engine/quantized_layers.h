#ifndef GRAFT_CORE_ENGINE_QUANTIZED_LAYERS_H_
#define GRAFT_CORE_ENGINE_QUANTIZED_LAYERS_H_

#include <vector>

#include "absl/status/statusor.h"

#include "core/engine/segment.h"
#include "core/model/activation_range.h"
#include "core/nn/network_spec.h"

namespace graft::engine {

// Nodes of `segment` that had best be computed in 8-bit integers where that is done, in order:
// convolutions and linear layers, but for those that cost nothing (gates on pooled maps) and the
// one that gives the answers, in which every difference would show. Pure.
std::vector<int> LayersToQuantize(const nn::NetworkSpec& segment);

// Those of `ranges` that are of layers of `segment`. Pure.
std::vector<model::ActivationRange> RangesIn(const nn::NetworkSpec& segment,
                                             const std::vector<model::ActivationRange>& ranges);

// A layer as it is computed in 8-bit integers.
struct QuantizedLayer {
  int node = 0;   // of the segment
  int norm = -1;  // the batch norm that alone reads it and is folded into its weights; -1: none
  float low = 0;  // of what it reads
  float high = 0;
};

// What the segment's ranges say, in the order of nodes. INVALID_ARGUMENT names a range whose layer
// is not in the segment, or is no convolution and no linear layer. Pure.
absl::StatusOr<std::vector<QuantizedLayer>> QuantizedLayersOf(const Segment& segment);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_QUANTIZED_LAYERS_H_
