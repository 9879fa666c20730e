#ifndef GRAFT_CORE_NN_OPS_ELEMENTWISE_H_
#define GRAFT_CORE_NN_OPS_ELEMENTWISE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/nn/ops/no_cost.h"
#include "core/nn/ops/slot.h"
#include "core/nn/shape.h"

namespace graft::nn {

// kGelu is the exact one, by the error function.
enum class ActivationKind {
  kRelu,
  kRelu6,
  kSilu,
  kSigmoid,
  kGelu,
  kTanh,
  kHardSigmoid,  // relu6(x + 3) / 6 (Howard et al. 2019)
  kHardSwish,    // x times that
};
// Of any shape.
struct Activation {
  ActivationKind kind = ActivationKind::kRelu;

  using Cost = NoCost;
  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// branch + shortcut, of one shape. While training, with `drop_path` above 0, the branch of a row
// drops out as a whole with that probability, and the others grow by 1 / (1 - drop_path):
// stochastic depth (Huang et al. 2016).
struct Add {
  double drop_path = 0;

  using Cost = NoCost;
  static constexpr Arity kArity{2, 2};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// [C, H, W] * [C, 1, 1]: a squeeze-and-excitation gate.
struct Multiply {
  using Cost = NoCost;
  static constexpr Arity kArity{2, 2};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

// Each channel times a learnt factor, which begins small (Touvron et al. 2021, LayerScale): of
// [T, channels], weight [channels]; of a map [channels, H, W], weight [channels, 1, 1].
struct LayerScale {
  int channels = 0;
  bool of_map = false;
  double initial = 1e-6;
  // Of the weight's name; "": it bears the node's own.
  const char* suffix = "";

  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  std::vector<Slot> Slots() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
  int64_t Flops(absl::Span<const Shape> in, const Shape& out) const;
  int64_t ScratchBytes(absl::Span<const Shape> in, const Shape& out) const;
};

// Of any shape; drops only while training.
struct Dropout {
  double probability = 0.5;

  using Cost = NoCost;
  static constexpr Arity kArity{1, 1};
  absl::Status Check() const;
  absl::StatusOr<Shape> OutputShape(absl::Span<const Shape> in) const;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_ELEMENTWISE_H_
