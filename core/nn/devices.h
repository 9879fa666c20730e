#ifndef GRAFT_CORE_NN_DEVICES_H_
#define GRAFT_CORE_NN_DEVICES_H_

#include <string>
#include <vector>

#include <c10/core/Device.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::nn {

// What LibTorch can compute on here: the CPU first, then each device of the accelerator that it
// sees, if it sees one. (It sees none either where its part for that accelerator is not loaded.)
std::vector<at::Device> VisibleDevices();

// The device that LibTorch calls `name`: "cpu", "cuda", "cuda:1", "xpu", "mps". One without a
// number is its first. INVALID_ARGUMENT: there is no such name. FAILED_PRECONDITION: LibTorch sees
// no such device here; the message says which it sees.
absl::StatusOr<at::Device> FindDevice(absl::string_view name);

// Waits until `device` has done all that it was given. For those who measure time.
void Synchronise(at::Device device);

// Whether LibTorch may round the factors of float32 products to TF32, of cuBLAS, cuDNN and oneDNN.
// Of this process.
void AllowTf32(bool allow);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_DEVICES_H_
