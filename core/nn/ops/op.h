#ifndef GRAFT_CORE_NN_OPS_OP_H_
#define GRAFT_CORE_NN_OPS_OP_H_

#include <concepts>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/attention.h"
#include "core/nn/ops/conv.h"
#include "core/nn/ops/elementwise.h"
#include "core/nn/ops/embedding.h"
#include "core/nn/ops/linear.h"
#include "core/nn/ops/no_cost.h"
#include "core/nn/ops/norm.h"
#include "core/nn/ops/pool.h"
#include "core/nn/ops/reshape.h"
#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// All that a network can be made of. A new operation is a struct in a file of this folder, a name
// here, and a Run in run.h: whatever it leaves out does not compile.
using Op = std::variant<Conv2d, BatchNorm2d, LayerNorm, Activation, Add, Multiply, LayerScale,
                        Dropout, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, TokenPool, Flatten,
                        MapToTokens, TokensToMap, ClassToken, PositionEmbedding, ConcatChannels,
                        Concat, Linear, CosineLinear, Attention, Embedding>;

// Who answers for the costs of an operation: NoCost, or itself.
template <typename T>
const auto& CostOf(const T& op) {
  if constexpr (requires { typename T::Cost; }) {
    static constexpr typename T::Cost kCost{};
    return kCost;
  } else {
    return op;
  }
}

// What an operation says of itself, without LibTorch. Shapes are without the batch.
template <typename T>
concept DescribesItself = requires(const T& op, absl::Span<const Shape> in, const Shape& out) {
  { T::kArity } -> std::convertible_to<Arity>;
  // Whether its own sizes make sense.
  { op.Check() } -> std::same_as<absl::Status>;
  // Its tensors, in a fixed order: in this order they are drawn, listed and given to Run.
  { CostOf(op).Slots() } -> std::same_as<std::vector<Slot>>;
  // INVALID_ARGUMENT says what is wrong with what it reads. Check() has passed, and there are as
  // many inputs as kArity says.
  { op.OutputShape(in) } -> std::same_as<absl::StatusOr<Shape>>;
  // Floating-point operations for one example: two a multiply-add of a matrix product or a
  // convolution; the rest, linear in its input, counts as nothing.
  { CostOf(op).Flops(in, out) } -> std::same_as<int64_t>;
  // Bytes that it takes for one example beside its inputs and its output, without gradients.
  { CostOf(op).ScratchBytes(in, out) } -> std::same_as<int64_t>;
};

template <typename T>
inline constexpr bool kAllDescribeThemselves = false;
template <typename... Ops>
inline constexpr bool kAllDescribeThemselves<std::variant<Ops...>> = (DescribesItself<Ops> && ...);
static_assert(kAllDescribeThemselves<Op>);

inline Arity ArityOf(const Op& op) {
  return std::visit([](const auto& own) { return own.kArity; }, op);
}
inline absl::Status CheckOp(const Op& op) {
  return std::visit([](const auto& own) { return own.Check(); }, op);
}
inline std::vector<Slot> SlotsOf(const Op& op) {
  return std::visit([](const auto& own) { return CostOf(own).Slots(); }, op);
}
inline absl::StatusOr<Shape> OutputShape(const Op& op, absl::Span<const Shape> in) {
  return std::visit([&](const auto& own) { return own.OutputShape(in); }, op);
}
inline int64_t FlopsOf(const Op& op, absl::Span<const Shape> in, const Shape& out) {
  return std::visit([&](const auto& own) { return CostOf(own).Flops(in, out); }, op);
}
inline int64_t ScratchBytesOf(const Op& op, absl::Span<const Shape> in, const Shape& out) {
  return std::visit([&](const auto& own) { return CostOf(own).ScratchBytes(in, out); }, op);
}

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_OP_H_
