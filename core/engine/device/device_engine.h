#ifndef GRAFT_CORE_ENGINE_DEVICE_DEVICE_ENGINE_H_
#define GRAFT_CORE_ENGINE_DEVICE_DEVICE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <c10/core/Device.h>

#include "core/engine/device/pass_recorder.h"
#include "core/engine/engine.h"

namespace graft::engine {

// LibTorch on an accelerator: tensors there, channels last and with batch norms folded away; each
// pass on a stream of its own, as many at a time as EngineOptions::passes. With a recorder, a pass
// is launched as a whole ("libtorch-cuda-graphs"), else operation by operation ("libtorch-cuda").
class DeviceEngineFactory final : public EngineFactory {
 public:
  struct Options {
    at::Device device = at::kCPU;           // an accelerator
    Precision precision = Precision::kF32;  // or bf16
    MakePassRecorder recorder = {};
    // Segments of fewer floating-point operations a row are declined: the way there and back takes
    // longer than they do.
    int64_t min_flops = 0;
  };
  explicit DeviceEngineFactory(Options options);

  absl::string_view name() const override { return name_; }
  Precision precision() const override { return options_.precision; }
  uint64_t MostBytes(uint64_t tensor_bytes, const EngineOptions& options) const override;
  // INTERNAL: the pass cannot be recorded, or the device failed. RESOURCE_EXHAUSTED: its memory is
  // full.
  absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Segment> segment,
                                               const EngineOptions& options) const override;

 private:
  const Options options_;
  const std::string name_;
};

// All that LibTorch has for `device`, an accelerator, in the order in which they are asked: fewer
// bits before more, and with a recorder, where there is one, before without.
std::vector<std::shared_ptr<const EngineFactory>> DeviceEngines(at::Device device,
                                                                int64_t min_flops = 0);

// A head of a few layers, which the CPU has computed before the device has its input.
inline constexpr int64_t kTooSmallForDevice = 20'000'000;

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_DEVICE_DEVICE_ENGINE_H_
