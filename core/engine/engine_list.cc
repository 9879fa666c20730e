#include "core/engine/engine_list.h"

#include "core/base/status_macros.h"
#include "core/engine/device/device_engine.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"
#include "core/nn/devices.h"

namespace graft::engine {

EngineFactories AllEngines() {
  return {std::make_shared<OpenVinoEngineFactory>(kTooSmallForOpenVino, Precision::kInt8),
          std::make_shared<OpenVinoEngineFactory>(kTooSmallForOpenVino, Precision::kBf16),
          std::make_shared<OpenVinoEngineFactory>(kTooSmallForOpenVino),
          std::make_shared<EagerEngineFactory>()};
}

absl::StatusOr<EngineFactories> EnginesOn(absl::string_view device, bool only_libtorch) {
  GRAFT_ASSIGN_OR_RETURN(const at::Device found, nn::FindDevice(device));
  if (found.is_cpu() && !only_libtorch) return AllEngines();
  EngineFactories engines;
  if (!found.is_cpu()) engines = DeviceEngines(found, kTooSmallForDevice);
  if (!only_libtorch) {
    engines.push_back(std::make_shared<OpenVinoEngineFactory>(kTooSmallForOpenVino));
  }
  engines.push_back(std::make_shared<EagerEngineFactory>());
  return engines;
}

}  // namespace graft::engine
