#ifndef GRAFT_CORE_NN_OPS_ATTENTION_H_
#define GRAFT_CORE_NN_OPS_ATTENTION_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// Multi-head scaled dot-product attention (Vaswani et al. 2017) between the tokens of a row:
// [T, 3 * channels] -> [T, channels], each token's query, key and value one after the other, split
// into `heads`. The projections before and behind are Linear nodes of their own. Reads a mask [T],
// 1 for a token and 0 for padding, where it is given one: nobody attends to padding. A row needs
// one token at least.
struct Attention {
  int channels = 0;
  int heads = 1;
  bool causal = false;  // a token attends to itself and those before it

  static constexpr Arity kArity{1, 2, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_ATTENTION_H_
