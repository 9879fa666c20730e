#ifndef GRAFT_CORE_ENGINE_FOLDED_SEGMENT_H_
#define GRAFT_CORE_ENGINE_FOLDED_SEGMENT_H_

#include <memory>

#include "core/engine/segment.h"

namespace graft::engine {

// A valid segment that computes the same with fewer operations: a batch norm that alone reads a
// convolution is part of its weights and its bias (FoldNorm of quantized_weights.h). For engines
// that run one operation after another. It keeps `segment`, and has no ranges. Pure.
std::shared_ptr<const Segment> FoldNorms(const std::shared_ptr<const Segment>& segment);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_FOLDED_SEGMENT_H_
