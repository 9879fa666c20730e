#ifndef GRAFT_CORE_NN_OPS_LINEAR_H_
#define GRAFT_CORE_NN_OPS_LINEAR_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// [..., in] -> [..., out]. Weight [out, in], bias [out].
struct Linear {
  int in_features = 0;
  int out_features = 0;
  bool bias = true;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// [..., in] -> [..., out]: scale * cos(angle between input and weight) (Gidaris & Komodakis 2018,
// dynamic few-shot learning). Weight [out, in]; scale, one learnt number.
struct CosineLinear {
  int in_features = 0;
  int out_features = 0;
  double initial_scale = 10;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_LINEAR_H_
