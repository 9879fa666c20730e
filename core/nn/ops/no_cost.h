#ifndef GRAFT_CORE_NN_OPS_NO_COST_H_
#define GRAFT_CORE_NN_OPS_NO_COST_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// What an operation is answered for that says `using Cost = NoCost`: it has no tensors of its own,
// no floating-point operations that count, and takes nothing beside its inputs and its output. An
// operation that says neither this nor its own does not compile (op.h).
// Not a base class, for operations are aggregates: Dropout{0.5}.
struct NoCost {
  std::vector<Slot> Slots() const { return {}; }
  int64_t Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
  int64_t ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_NO_COST_H_
