#include "core/nn/ops/linear.h"

#include <cmath>

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {
namespace {

// PyTorch's default (Kaiming-uniform with a = sqrt(5)): +-1 / sqrt(inputs), biases too.
Init UniformByInputs(int inputs) {
  return {Init::Kind::kUniform, 1.0 / std::sqrt(static_cast<double>(inputs))};
}

absl::Status CheckSizes(int in_features, int out_features) {
  if (in_features < 1 || out_features < 1) {
    return absl::InvalidArgumentError("has sizes that make no linear layer");
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> LinearShape(const Shape& in, int in_features, int out_features) {
  GRAFT_RETURN_IF_ERROR(CheckLast(in, in_features));
  return in.WithLast(out_features);
}

}  // namespace

absl::Status Linear::Check() const { return CheckSizes(in_features, out_features); }
std::vector<Slot> Linear::Slots() const {
  const Init init = UniformByInputs(in_features);
  std::vector<Slot> slots = {
      {.suffix = "weight", .shape = {out_features, in_features}, .init = init, .decays = true}};
  if (bias) slots.push_back({.suffix = "bias", .shape = {out_features}, .init = init});
  return slots;
}
absl::StatusOr<Shape> Linear::OutputShape(absl::Span<const Shape> in) const {
  return LinearShape(in[0], in_features, out_features);
}
int64_t Linear::Flops(absl::Span<const Shape>, const Shape& out) const {
  return 2 * out.elements() * in_features;
}
int64_t Linear::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status CosineLinear::Check() const {
  GRAFT_RETURN_IF_ERROR(CheckSizes(in_features, out_features));
  if (!(initial_scale > 0)) {
    return absl::InvalidArgumentError("has a scale that is not above 0");
  }
  return absl::OkStatus();
}
std::vector<Slot> CosineLinear::Slots() const {
  return {{.suffix = "weight",
           .shape = {out_features, in_features},
           .init = UniformByInputs(in_features),
           .decays = true},
          {.suffix = "scale", .init = {Init::Kind::kConstant, initial_scale}}};
}
absl::StatusOr<Shape> CosineLinear::OutputShape(absl::Span<const Shape> in) const {
  return LinearShape(in[0], in_features, out_features);
}
int64_t CosineLinear::Flops(absl::Span<const Shape>, const Shape& out) const {
  return 2 * out.elements() * in_features;
}
int64_t CosineLinear::ScratchBytes(absl::Span<const Shape> in, const Shape&)
    const {  // The normalised input and the normalised weights; the latter once a batch.
  return (in[0].elements() + int64_t{in_features} * out_features) * int64_t{sizeof(float)};
}

}  // namespace graft::nn
