#ifndef GRAFT_CORE_ENGINE_OPENVINO_BATCH_FORM_H_
#define GRAFT_CORE_ENGINE_OPENVINO_BATCH_FORM_H_

#include <memory>

#include "absl/status/statusor.h"

#include "core/engine/engine.h"
#include "core/engine/openvino/compiled_segment.h"

namespace graft::engine {

// The segment compiled for full batches, by the plan that options.planner knows or finds to be the
// fastest here; null where that is the usual one, or there is no planner. While plans are measured
// two forms of the segment are in memory. Errors as CompiledSegment::Compile.
absl::StatusOr<std::unique_ptr<CompiledSegment>> CompileForFullBatches(
    const std::shared_ptr<const Segment>& segment, Precision precision,
    const EngineOptions& options);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_BATCH_FORM_H_
