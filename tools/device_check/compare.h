#ifndef GRAFT_TOOLS_DEVICE_CHECK_COMPARE_H_
#define GRAFT_TOOLS_DEVICE_CHECK_COMPARE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace graft {

// How far numbers lie from those they are compared with. Infinite where one of them is not finite
// or shapes differ.
struct Difference {
  double absolute = 0;  // the largest of all elements
  double relative = 0;  // that, against the largest element of the reference

  // The worse of the two, each for itself.
  void Join(const Difference& other) {
    absolute = std::max(absolute, other.absolute);
    relative = std::max(relative, other.relative);
  }
};

// Of tensors on whatever devices and of whatever types, compared in float64 on the host.
Difference Compare(const at::Tensor& reference, const at::Tensor& subject);
// Of numbers, one by one: each against its own reference.
Difference Compare(const std::vector<double>& reference, const std::vector<double>& subject);

// The median time of `body` on `device` in milliseconds: called three times to warm, then
// `repeats` times, and each time waited for.
double MedianMilliseconds(at::Device device, int repeats, const std::function<void()>& body);

}  // namespace graft

#endif  // GRAFT_TOOLS_DEVICE_CHECK_COMPARE_H_
