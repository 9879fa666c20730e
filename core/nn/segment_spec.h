#ifndef GRAFT_CORE_NN_SEGMENT_SPEC_H_
#define GRAFT_CORE_NN_SEGMENT_SPEC_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/network_spec.h"

namespace graft::nn {

// Parts of networks put together as a network of one stage, which is run as a whole: what an
// engine takes (core/engine/segment.h). Node names, and with them state-dict names, stay. Pure.

// Stages [from, to) of `spec` for inputs of these shapes. The first input is what stage from - 1
// gives; further ones (a mask) stay beside it. INVALID_ARGUMENT as InferShapes.
absl::StatusOr<NetworkSpec> CutStages(const NetworkSpec& spec, int from, int to,
                                      absl::Span<const Shape> inputs);

// A reading of one node of a segment by operations that each read the one before.
struct Reading {
  int node = 0;  // of the segment
  std::vector<Op> ops;
};

// Appends the readings and joins what they give, which must be vectors, side by side.
void AppendJoined(absl::Span<const Reading> readings, NetworkSpec& segment);

// Appends nodes [begin, end) of `next`, a network of one input: what enters node `begin` is what
// the segment gave until now. Nodes must read no other from before `begin`.
void AppendNodes(const NetworkSpec& next, int begin, int end, NetworkSpec& segment);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_SEGMENT_SPEC_H_
