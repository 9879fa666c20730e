#include "core/nn/ops/elementwise.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft {

absl::Status Activation::Check() const { return absl::OkStatus(); }
std::vector<Slot> Activation::Slots() const { return {}; }
absl::StatusOr<Shape> Activation::OutputShape(absl::Span<const Shape> in) const { return in[0]; }
int64_t Activation::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t Activation::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status Add::Check() const {
  if (!(drop_path >= 0 && drop_path < 1))
    return absl::InvalidArgumentError("has a drop_path that is not at least 0 and below 1");
  return absl::OkStatus();
}
std::vector<Slot> Add::Slots() const { return {}; }
absl::StatusOr<Shape> Add::OutputShape(absl::Span<const Shape> in) const {
  if (!(in[0] == in[1])) {
    return absl::InvalidArgumentError(
        absl::StrCat("adds different shapes: ", in[0].ToString(), " and ", in[1].ToString()));
  }
  return in[0];
}
int64_t Add::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t Add::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status Multiply::Check() const { return absl::OkStatus(); }
std::vector<Slot> Multiply::Slots() const { return {}; }
absl::StatusOr<Shape> Multiply::OutputShape(absl::Span<const Shape> in) const {
  if (in[0].rank() != 3 || !(in[1] == Shape{in[0][0], 1, 1})) {
    return absl::InvalidArgumentError("needs a gate of one value a channel");
  }
  return in[0];
}
int64_t Multiply::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t Multiply::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status Dropout::Check() const {
  if (!(probability >= 0 && probability < 1))
    return absl::InvalidArgumentError("has a probability that is not at least 0 and below 1");
  return absl::OkStatus();
}
std::vector<Slot> Dropout::Slots() const { return {}; }
absl::StatusOr<Shape> Dropout::OutputShape(absl::Span<const Shape> in) const { return in[0]; }
int64_t Dropout::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t Dropout::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

}  // namespace graft
