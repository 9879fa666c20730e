#ifndef GRAFT_CORE_ENGINE_EAGER_EAGER_ENGINE_H_
#define GRAFT_CORE_ENGINE_EAGER_EAGER_ENGINE_H_

#include <memory>

#include "core/engine/engine.h"

namespace graft::engine {

// LibTorch, operation by operation: the reference that other engines are held to, and what runs
// where they decline. Takes every segment.
class EagerEngineFactory final : public EngineFactory {
 public:
  absl::string_view name() const override { return "libtorch"; }
  uint64_t MostBytes(uint64_t, const EngineOptions&) const override { return 0; }
  absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Segment> segment,
                                               const EngineOptions& options) const override;
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_EAGER_EAGER_ENGINE_H_
