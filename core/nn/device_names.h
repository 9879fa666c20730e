#ifndef GRAFT_CORE_NN_DEVICE_NAMES_H_
#define GRAFT_CORE_NN_DEVICE_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::nn {

// The device that a user means, by the name that LibTorch has for it ("cpu", "cuda:0"): "auto" is
// the accelerator that LibTorch sees here, and the CPU where it sees none. Errors of FindDevice.
absl::StatusOr<std::string> ResolveDevice(absl::string_view asked);

// Of such a name: "cpu", "cuda".
std::string DeviceKind(absl::string_view resolved);

// Float32 means float32: LibTorch may not round the factors of products to TF32. Of this process,
// and to be called before it computes.
void KeepFloat32();

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_DEVICE_NAMES_H_
