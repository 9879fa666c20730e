#ifndef GRAFT_CORE_NN_OPS_RESHAPE_H_
#define GRAFT_CORE_NN_OPS_RESHAPE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/no_cost.h"
#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// [...] -> [rest], channels before rows before columns.
struct Flatten {
  using Cost = NoCost;
  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// [C, H, W] -> [H * W, C], row by row.
struct MapToTokens {
  using Cost = NoCost;
  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// [T, C] -> [1 + T, C]: a learnt token in front. Its tensor [1, 1, C] bears the node's own name.
struct ClassToken {
  int channels = 0;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// [T, C] + a learnt vector for each position. Its tensor [1, T, C] bears the node's own name. Takes
// the number of tokens it was made for, and no other.
struct PositionEmbedding {
  int tokens = 0;
  int channels = 0;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// [H * W, C] and a map [any, H, W], which tells the places -> [C, H, W].
struct TokensToMap {
  using Cost = NoCost;
  static constexpr Arity kArity{2, 2};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// Puts the channels of maps [C1, H, W], [C2, H, W], ... one behind the other.
struct ConcatChannels {
  using Cost = NoCost;
  static constexpr Arity kArity{2, 16};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// Joins the last dimension of [..., C1], [..., C2], ...
struct Concat {
  using Cost = NoCost;
  static constexpr Arity kArity{2, 16};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_RESHAPE_H_
