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

absl::Status LayerScale::Check() const {
  if (channels < 1) return absl::InvalidArgumentError("has no channels");
  return absl::OkStatus();
}
std::vector<Slot> LayerScale::Slots() const {
  return {{.suffix = suffix,
           .shape = of_map ? Shape{channels, 1, 1} : Shape{channels},
           .init = {Init::Kind::kConstant, initial}}};
}
absl::StatusOr<Shape> LayerScale::OutputShape(absl::Span<const Shape> in) const {
  if (of_map) {
    GRAFT_RETURN_IF_ERROR(CheckMap(in[0], channels));
  } else {
    GRAFT_RETURN_IF_ERROR(CheckLast(in[0], channels));
  }
  return in[0];
}
int64_t LayerScale::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t LayerScale::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status Dropout::Check() const {
  if (!(probability >= 0 && probability < 1))
    return absl::InvalidArgumentError("has a probability that is not at least 0 and below 1");
  return absl::OkStatus();
}
absl::StatusOr<Shape> Dropout::OutputShape(absl::Span<const Shape> in) const { return in[0]; }

}  // namespace graft::nn
