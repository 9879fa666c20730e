#ifndef GRAFT_CORE_NN_PLACEMENT_H_
#define GRAFT_CORE_NN_PLACEMENT_H_

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace graft::nn {

// Where a network's tensors are and what its floating-point ones are made of. It goes with the
// network: inputs are brought to it by Network::Forward, results come to the host by OnHost.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  // kFloat, kBFloat16, kHalf or, to compare with, kDouble

  friend bool operator==(const Placement&, const Placement&) = default;
};

// `tensor` where it already is there, else a copy. Integers keep their type.
at::Tensor Place(const at::Tensor& tensor, const Placement& placement);

// A result of a network as the host reads it: float32 in the CPU's memory, contiguous; integers
// keep their type. The only way by which results are read through a pointer.
at::Tensor OnHost(const at::Tensor& tensor);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_PLACEMENT_H_
