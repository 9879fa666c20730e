#include "core/nn/ops/elementwise.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {

absl::Status Activation::Check() const { return absl::OkStatus(); }
absl::StatusOr<Shape> Activation::OutputShape(absl::Span<const Shape> in) const { return in[0]; }

absl::Status Add::Check() const {
  if (!(drop_path >= 0 && drop_path < 1))
    return absl::InvalidArgumentError("has a drop_path that is not at least 0 and below 1");
  return absl::OkStatus();
}
absl::StatusOr<Shape> Add::OutputShape(absl::Span<const Shape> in) const {
  if (!(in[0] == in[1])) {
    return absl::InvalidArgumentError(
        absl::StrCat("adds different shapes: ", in[0].ToString(), " and ", in[1].ToString()));
  }
  return in[0];
}

absl::Status Multiply::Check() const { return absl::OkStatus(); }
absl::StatusOr<Shape> Multiply::OutputShape(absl::Span<const Shape> in) const {
  if (in[0].rank() != 3 || !(in[1] == Shape{in[0][0], 1, 1})) {
    return absl::InvalidArgumentError("needs a gate of one value a channel");
  }
  return in[0];
}

absl::Status Dropout::Check() const {
  if (!(probability >= 0 && probability < 1))
    return absl::InvalidArgumentError("has a probability that is not at least 0 and below 1");
  return absl::OkStatus();
}
absl::StatusOr<Shape> Dropout::OutputShape(absl::Span<const Shape> in) const { return in[0]; }

}  // namespace graft::nn
