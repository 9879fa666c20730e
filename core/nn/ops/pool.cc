#include "core/nn/ops/pool.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {

absl::Status MaxPool2d::Check() const {
  if (kernel < 1 || stride < 1 || padding < 0 || padding > kernel / 2)
    return absl::InvalidArgumentError("has sizes that make no pooling");
  return absl::OkStatus();
}
absl::StatusOr<Shape> MaxPool2d::OutputShape(absl::Span<const Shape> in) const {
  if (in[0].rank() != 3) return CheckMap(in[0], 0);
  const auto size = [&](int64_t side) -> int64_t {
    const int64_t room = side + 2 * int64_t{padding} - kernel;
    if (room < 0) return 0;
    if (!round_up) return room / stride + 1;
    const int64_t windows = (room + stride - 1) / stride + 1;
    return (windows - 1) * stride >= side + padding ? windows - 1 : windows;
  };
  const Shape out{in[0][0], size(in[0][1]), size(in[0][2])};
  if (out[1] < 1 || out[2] < 1) {
    return absl::InvalidArgumentError("gets an image smaller than its window");
  }
  return out;
}

absl::Status AvgPool2d::Check() const {
  return MaxPool2d{.kernel = kernel, .stride = stride, .padding = padding}.Check();
}
absl::StatusOr<Shape> AvgPool2d::OutputShape(absl::Span<const Shape> in) const {
  return MaxPool2d{.kernel = kernel, .stride = stride, .padding = padding}.OutputShape(in);
}

absl::Status AdaptiveAvgPool2d::Check() const {
  if (height < 1 || width < 1) return absl::InvalidArgumentError("has sizes that make no pooling");
  return absl::OkStatus();
}
absl::StatusOr<Shape> AdaptiveAvgPool2d::OutputShape(absl::Span<const Shape> in) const {
  if (in[0].rank() == 1) return in[0];
  if (in[0].rank() != 3) return CheckMap(in[0], 0);
  return Shape{in[0][0], height, width};
}

absl::Status TokenPool::Check() const {
  if (skip < 0) return absl::InvalidArgumentError("skips fewer than no tokens");
  return absl::OkStatus();
}
std::vector<Slot> TokenPool::Slots() const { return {}; }
absl::StatusOr<Shape> TokenPool::OutputShape(absl::Span<const Shape> in) const {
  GRAFT_RETURN_IF_ERROR(CheckTokens(in[0]));
  if (in.size() > 1) GRAFT_RETURN_IF_ERROR(CheckMask(in[1], in[0]));
  if (in[0][0] <= skip) return absl::InvalidArgumentError("skips all tokens");
  return Shape{in[0][1]};
}
int64_t TokenPool::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t TokenPool::ScratchBytes(absl::Span<const Shape> in,
                                const Shape&) const {  // The tokens times the mask.
  return in.size() > 1 ? in[0].elements() * int64_t{sizeof(float)} : 0;
}

}  // namespace graft::nn
