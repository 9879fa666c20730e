#include "core/nn/ops/attention.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {

absl::Status Attention::Check() const {
  if (channels < 1 || heads < 1 || channels % heads != 0)
    return absl::InvalidArgumentError("has sizes that make no attention");
  return absl::OkStatus();
}
std::vector<Slot> Attention::Slots() const { return {}; }
absl::StatusOr<Shape> Attention::OutputShape(absl::Span<const Shape> in) const {
  GRAFT_RETURN_IF_ERROR(CheckTokens(in[0]));
  GRAFT_RETURN_IF_ERROR(CheckLast(in[0], int64_t{3} * channels));
  if (in.size() > 1) GRAFT_RETURN_IF_ERROR(CheckMask(in[1], in[0]));
  return Shape{in[0][0], channels};
}
int64_t Attention::Flops(absl::Span<const Shape>, const Shape& out)
    const {  // Queries times keys, and the weights times values: tokens^2 * channels multiply-adds
             // each.
  return 4 * out[0] * out[0] * channels;
}
int64_t Attention::ScratchBytes(absl::Span<const Shape>, const Shape& out)
    const {  // The scores, where no kernel that works in tiles takes them.
  return int64_t{heads} * out[0] * out[0] * int64_t{sizeof(float)};
}

}  // namespace graft::nn
