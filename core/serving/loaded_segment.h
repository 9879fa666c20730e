#ifndef GRAFT_CORE_SERVING_LOADED_SEGMENT_H_
#define GRAFT_CORE_SERVING_LOADED_SEGMENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/engine/engine.h"
#include "core/engine/segment.h"

namespace graft::serving {

// A part of one model, or of several, ready to run. Immutable; safe for concurrent use.
struct LoadedSegment {
  std::shared_ptr<const engine::Segment> segment;
  std::shared_ptr<const engine::Engine> engine;
  std::vector<engine::Declined> declined;  // engines that were asked before, and why not they
};

// Makes an engine for the segment, the first of `engines` that takes it, and runs it once at each
// number of rows, so that the first request waits for nothing to be set up or read from disk.
absl::StatusOr<std::shared_ptr<const LoadedSegment>> LoadSegment(
    std::shared_ptr<const engine::Segment> segment,
    absl::Span<const std::shared_ptr<const engine::EngineFactory>> engines,
    const engine::EngineOptions& options, const std::vector<int>& warm_rows);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_LOADED_SEGMENT_H_
