#include "core/nn/placement.h"

#include <ATen/ATen.h>

namespace graft::nn {

at::Tensor Place(const at::Tensor& tensor, const Placement& placement) {
  return tensor.is_floating_point() ? tensor.to(placement.device, placement.dtype)
                                    : tensor.to(placement.device);
}

at::Tensor OnHost(const at::Tensor& tensor) { return Place(tensor, Placement{}).contiguous(); }

}  // namespace graft::nn
