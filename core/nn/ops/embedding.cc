#include "core/nn/ops/embedding.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {

absl::Status Embedding::Check() const {
  if (count < 1 || channels < 1) return absl::InvalidArgumentError("has sizes that make no table");
  return absl::OkStatus();
}
std::vector<Slot> Embedding::Slots() const {
  return {{.suffix = "weight",
           .shape = {count, channels},
           .init = {Init::Kind::kNormal, 0.02},
           .decays = true}};
}
absl::StatusOr<Shape> Embedding::OutputShape(absl::Span<const Shape> in) const {
  if (in[0].rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("takes token ids [tokens] and gets ", in[0].ToString()));
  }
  return Shape{in[0][0], channels};
}
int64_t Embedding::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t Embedding::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

}  // namespace graft::nn
