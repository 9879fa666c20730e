#include "core/nn/device_names.h"

#include "core/base/status_macros.h"
#include "core/nn/devices.h"

namespace graft::nn {

absl::StatusOr<std::string> ResolveDevice(absl::string_view asked) {
  // Of several GPUs the first, as where one is named without a number.
  if (asked == "auto") {
    const std::vector<at::Device> visible = VisibleDevices();
    return visible[visible.size() > 1 ? 1 : 0].str();
  }
  GRAFT_ASSIGN_OR_RETURN(const at::Device device, FindDevice(asked));
  return device.str();
}

std::string DeviceKind(absl::string_view resolved) {
  return std::string(resolved.substr(0, resolved.find(':')));
}

void KeepFloat32() { AllowTf32(false); }

}  // namespace graft::nn
