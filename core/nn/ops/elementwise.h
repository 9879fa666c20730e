#ifndef GRAFT_CORE_NN_OPS_ELEMENTWISE_H_
#define GRAFT_CORE_NN_OPS_ELEMENTWISE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft {

// kGelu is the exact one, by the error function.
enum class ActivationKind { kRelu, kRelu6, kSilu, kSigmoid, kGelu, kTanh };
// Of any shape.
struct Activation {
  ActivationKind kind = ActivationKind::kRelu;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// branch + shortcut, of one shape. While training, with `drop_path` above 0, the branch of a row
// drops out as a whole with that probability, and the others grow by 1 / (1 - drop_path):
// stochastic depth (Huang et al. 2016).
struct Add {
  double drop_path = 0;

  static constexpr Arity kArity{2, 2};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// [C, H, W] * [C, 1, 1]: a squeeze-and-excitation gate.
struct Multiply {
  static constexpr Arity kArity{2, 2};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// Of any shape; drops only while training.
struct Dropout {
  double probability = 0.5;

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

}  // namespace graft

#endif  // GRAFT_CORE_NN_OPS_ELEMENTWISE_H_
