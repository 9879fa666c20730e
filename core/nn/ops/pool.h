#ifndef GRAFT_CORE_NN_OPS_POOL_H_
#define GRAFT_CORE_NN_OPS_POOL_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/no_cost.h"
#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// [C, H, W] -> [C, H', W'], `padding` pixels of minus infinity on each side. `round_up`: a window
// may reach over the right and the lower edge, if it begins within (PyTorch's ceil_mode).
struct MaxPool2d {
  int kernel = 2;
  int stride = 2;
  int padding = 0;
  bool round_up = false;

  using Cost = NoCost;
  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// [C, H, W] -> [C, H', W'], the average of each whole window, `padding` zeros on each side among
// it.
struct AvgPool2d {
  int kernel = 2;
  int stride = 2;
  int padding = 0;

  using Cost = NoCost;
  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// [C, H, W] -> [C, height, width], the average of each window; {1, 1} is the global average pool.
// Takes what is pooled already, [C], as it is.
struct AdaptiveAvgPool2d {
  int height = 1;
  int width = 1;

  using Cost = NoCost;
  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

enum class TokenPoolKind {
  kMean,   // of the tokens behind the first `skip`
  kFirst,  // the class token
  kLast,   // what a causal transformer has read everything at
};
// [T, C] -> [C]. Reads a mask [T], 1 for a token and 0 for padding, where it is given one: the mean
// is then over tokens alone, and the last is the last token. A row needs one token at least.
struct TokenPool {
  TokenPoolKind kind = TokenPoolKind::kMean;
  int skip = 0;  // kMean: class tokens and the like in front

  static constexpr Arity kArity{1, 2, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_POOL_H_
