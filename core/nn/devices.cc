#include "core/nn/devices.h"

#include <algorithm>
#include <optional>

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/util/Exception.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace graft::nn {

std::vector<at::Device> VisibleDevices() {
  std::vector<at::Device> devices = {at::Device(at::kCPU)};
  const std::optional<at::DeviceType> accelerator = at::getAccelerator(/*checked=*/false);
  if (!accelerator.has_value()) return devices;
  // Of an accelerator whose driver does not answer there are none.
  for (c10::DeviceIndex i = 0; i < at::accelerator::deviceCount(); ++i) {
    devices.emplace_back(*accelerator, i);
  }
  return devices;
}

absl::StatusOr<at::Device> FindDevice(absl::string_view name) {
  std::optional<at::Device> named;
  try {
    named = at::Device(std::string(name));
  } catch (const c10::Error&) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" names no device: say cpu, cuda or cuda:1"));
  }
  if (named->is_cpu()) return at::Device(at::kCPU);
  if (!named->has_index()) named->set_index(0);
  const std::vector<at::Device> visible = VisibleDevices();
  if (std::find(visible.begin(), visible.end(), *named) != visible.end()) return *named;
  return absl::FailedPreconditionError(absl::StrCat(
      "LibTorch sees no device ", name,
      " here, but: ", absl::StrJoin(visible, ", ", [](std::string* out, const at::Device& device) {
        *out += device.str();
      })));
}

void Synchronise(at::Device device) {
  if (device.is_cpu()) return;
  at::accelerator::synchronizeDevice(device.has_index() ? device.index() : 0);
}

void AllowTf32(bool allow) {
  at::globalContext().setAllowTF32CuBLAS(allow);
  at::globalContext().setAllowTF32CuDNN(allow);
  // Without Intel's GPUs LibTorch warns that this is of no use.
  if (at::Context::hasXPU()) at::globalContext().setAllowTF32OneDNN(allow);
}

}  // namespace graft::nn
