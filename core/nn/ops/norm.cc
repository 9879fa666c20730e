#include "core/nn/ops/norm.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {

absl::Status BatchNorm2d::Check() const {
  if (channels < 1 || !(epsilon > 0) || !(momentum >= 0 && momentum <= 1))
    return absl::InvalidArgumentError("has sizes that make no normalisation");
  return absl::OkStatus();
}
std::vector<Slot> BatchNorm2d::Slots() const {
  const Shape each{channels};
  return {{.suffix = "weight", .shape = each, .init = {Init::Kind::kOnes}},
          {.suffix = "bias", .shape = each},
          {.suffix = "running_mean", .shape = each, .role = Role::kStatistic},
          {.suffix = "running_var",
           .shape = each,
           .init = {Init::Kind::kOnes},
           .role = Role::kStatistic},
          {.suffix = "num_batches_tracked", .role = Role::kCounter}};
}
absl::StatusOr<Shape> BatchNorm2d::OutputShape(absl::Span<const Shape> in) const {
  GRAFT_RETURN_IF_ERROR(CheckMap(in[0], channels));
  return in[0];
}
int64_t BatchNorm2d::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t BatchNorm2d::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status LayerNorm::Check() const {
  if (features < 1 || !(epsilon > 0))
    return absl::InvalidArgumentError("has sizes that make no normalisation");
  return absl::OkStatus();
}
std::vector<Slot> LayerNorm::Slots() const {
  return {{.suffix = "weight", .shape = {features}, .init = {Init::Kind::kOnes}},
          {.suffix = "bias", .shape = {features}}};
}
absl::StatusOr<Shape> LayerNorm::OutputShape(absl::Span<const Shape> in) const {
  GRAFT_RETURN_IF_ERROR(CheckLast(in[0], features));
  return in[0];
}
int64_t LayerNorm::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t LayerNorm::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

}  // namespace graft::nn
