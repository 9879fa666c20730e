#ifndef GRAFT_CORE_ENGINE_EAGER_RECORDING_ENGINE_H_
#define GRAFT_CORE_ENGINE_EAGER_RECORDING_ENGINE_H_

#include <memory>

#include "core/engine/activation_recorder.h"
#include "core/engine/engine.h"

namespace graft::engine {

// LibTorch, which tells a recorder what the layers read that had best be computed in 8-bit integers
// (LayersToQuantize). Takes every segment.
class RecordingEngineFactory final : public EngineFactory {
 public:
  // `recorder` is borrowed, and must outlive the engines.
  explicit RecordingEngineFactory(ActivationRecorder* recorder) : recorder_(recorder) {}

  absl::string_view name() const override { return "libtorch recording"; }
  uint64_t MostBytes(uint64_t, const EngineOptions&) const override { return 0; }
  absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Segment> segment,
                                               const EngineOptions& options) const override;

 private:
  ActivationRecorder* const recorder_;
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_EAGER_RECORDING_ENGINE_H_
