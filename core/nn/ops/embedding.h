#ifndef GRAFT_CORE_NN_OPS_EMBEDDING_H_
#define GRAFT_CORE_NN_OPS_EMBEDDING_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// Token ids [T], below `count` -> [T, channels]. Weight [count, channels].
struct Embedding {
  int count = 0;
  int channels = 0;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_EMBEDDING_H_
