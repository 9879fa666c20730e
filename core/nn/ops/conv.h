#ifndef GRAFT_CORE_NN_OPS_CONV_H_
#define GRAFT_CORE_NN_OPS_CONV_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

enum class Padding {
  kExplicit,  // `padding` pixels on each side
  // TensorFlow's "SAME": output ceil(in / stride); where the total is odd the extra pixel goes to
  // the right and bottom.
  kSame,
};

// [in, H, W] -> [out, H', W']. Weight [out, in / groups, kernel, KernelWidth()], bias [out].
struct Conv2d {
  int in_channels = 0;
  int out_channels = 0;
  int kernel = 1;
  int stride = 1;
  Padding padding_mode = Padding::kExplicit;
  int padding = 0;
  int groups = 1;
  bool bias = true;
  // Where kernels are not square: theirs along the width, and `kernel` and `padding` are those
  // along the height. 0: square, and `padding_width` says nothing.
  int kernel_width = 0;
  int padding_width = 0;

  int KernelWidth() const { return kernel_width == 0 ? kernel : kernel_width; }
  int PaddingWidth() const { return kernel_width == 0 ? padding : padding_width; }

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_CONV_H_
