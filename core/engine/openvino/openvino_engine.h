#ifndef GRAFT_CORE_ENGINE_OPENVINO_OPENVINO_ENGINE_H_
#define GRAFT_CORE_ENGINE_OPENVINO_OPENVINO_ENGINE_H_

#include <memory>

#include "core/engine/engine.h"

namespace graft::engine {

// OpenVINO on the CPU: fused operations, packed weights, buffers laid out ahead. A row alone is run
// by all threads; of several each has a thread of its own, as these networks use their caches best.
class OpenVinoEngineFactory final : public EngineFactory {
 public:
  absl::string_view name() const override { return "openvino"; }
  // UNIMPLEMENTED where its plug-in for the CPU is not there.
  absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Segment> segment,
                                               const EngineOptions& options) const override;
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_OPENVINO_ENGINE_H_
