#ifndef GRAFT_CORE_ENGINE_OPENVINO_OPENVINO_ENGINE_H_
#define GRAFT_CORE_ENGINE_OPENVINO_OPENVINO_ENGINE_H_

#include <cstdint>
#include <memory>

#include "core/engine/engine.h"

namespace graft::engine {

// OpenVINO on the CPU: fused operations, packed weights, buffers laid out ahead. A row alone is run
// by all threads; several are divided as EngineOptions::planner says, a row a thread as a rule.
class OpenVinoEngineFactory final : public EngineFactory {
 public:
  // Declines segments of fewer floating-point operations a row than `min_flops`, and a precision
  // that the processor has no instructions for.
  explicit OpenVinoEngineFactory(int64_t min_flops = 0, Precision precision = Precision::kF32)
      : min_flops_(min_flops), precision_(precision) {}

  absl::string_view name() const override;
  Precision precision() const override { return precision_; }
  absl::Status Available() const override;
  uint64_t MostBytes(uint64_t tensor_bytes, const EngineOptions& options) const override;
  // UNIMPLEMENTED where its plug-in for the CPU is not there, or the segment is too small; in 8-bit
  // integers also where the segment has no ranges.
  absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Segment> segment,
                                               const EngineOptions& options) const override;

 private:
  const int64_t min_flops_;
  const Precision precision_;
};

// A head of a few layers: started and answered in less time than OpenVINO needs to hand it over.
inline constexpr int64_t kTooSmallForOpenVino = 20'000'000;

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_OPENVINO_ENGINE_H_
