#ifndef GRAFT_CORE_NN_OPS_NORM_H_
#define GRAFT_CORE_NN_OPS_NORM_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// [channels, H, W], each channel normalised over the batch and the map (Ioffe & Szegedy 2015).
// Weight, bias, running_mean, running_var [channels], num_batches_tracked.
struct BatchNorm2d {
  int channels = 0;
  double epsilon = 1e-5;
  double momentum = 0.1;  // PyTorch's: new = (1 - momentum) * old + momentum * batch

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// [..., features], each position normalised over its features (Ba et al. 2016). Weight, bias
// [features].
struct LayerNorm {
  int features = 0;
  double epsilon = 1e-5;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_NORM_H_
