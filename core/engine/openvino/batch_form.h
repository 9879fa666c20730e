#ifndef GRAFT_CORE_ENGINE_OPENVINO_BATCH_FORM_H_
#define GRAFT_CORE_ENGINE_OPENVINO_BATCH_FORM_H_

#include <memory>

#include "absl/status/statusor.h"

#include "core/engine/engine.h"
#include "core/engine/openvino/compiled_segment.h"

namespace graft::engine {

// The segment compiled for several rows at a time: by the plan that options.planner knows or finds
// to be the fastest here, else by the usual one. While plans are measured two forms of the segment
// are in memory. Errors as CompiledSegment::Compile.
absl::StatusOr<std::unique_ptr<CompiledSegment>> CompileForBatches(
    const std::shared_ptr<const Segment>& segment, Precision precision,
    const EngineOptions& options);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_BATCH_FORM_H_
