#include "core/nn/ops/conv.h"

#include <cmath>

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {
namespace {

// Output size along one side; 0 or less where the input is too small.
int64_t OutputSize(int64_t in, const Conv2d& conv, int kernel, int padding) {
  if (conv.padding_mode == Padding::kSame) return (in + conv.stride - 1) / conv.stride;
  const int64_t room = in + 2 * int64_t{padding} - kernel;
  return room < 0 ? 0 : room / conv.stride + 1;
}

int64_t FanIn(const Conv2d& conv) {
  return int64_t{conv.in_channels / conv.groups} * conv.kernel * conv.KernelWidth();
}

}  // namespace

absl::Status Conv2d::Check() const {
  if (in_channels < 1 || out_channels < 1 || kernel < 1 || stride < 1 || padding < 0 ||
      kernel_width < 0 || padding_width < 0 || groups < 1 || in_channels % groups != 0 ||
      out_channels % groups != 0) {
    return absl::InvalidArgumentError("has sizes that make no convolution");
  }
  return absl::OkStatus();
}

std::vector<Slot> Conv2d::Slots() const {
  // PyTorch's default (Kaiming-uniform with a = sqrt(5)): +-1 / sqrt(fan-in), biases too.
  const Init init{Init::Kind::kUniform, 1.0 / std::sqrt(static_cast<double>(FanIn(*this)))};
  std::vector<Slot> slots = {{.suffix = "weight",
                              .shape = {out_channels, in_channels / groups, kernel, KernelWidth()},
                              .init = init,
                              .decays = true}};
  if (bias) slots.push_back({.suffix = "bias", .shape = {out_channels}, .init = init});
  return slots;
}

absl::StatusOr<Shape> Conv2d::OutputShape(absl::Span<const Shape> in) const {
  GRAFT_RETURN_IF_ERROR(CheckMap(in[0], in_channels));
  const Shape out{out_channels, OutputSize(in[0][1], *this, kernel, padding),
                  OutputSize(in[0][2], *this, KernelWidth(), PaddingWidth())};
  if (out[1] < 1 || out[2] < 1) {
    return absl::InvalidArgumentError("gets an image smaller than its kernel");
  }
  return out;
}

int64_t Conv2d::Flops(absl::Span<const Shape>, const Shape& out) const {
  return 2 * out.elements() * FanIn(*this);
}

int64_t Conv2d::ScratchBytes(absl::Span<const Shape> in, const Shape&) const {
  // "SAME" padding with a stride may pad more on one side, which copies the input.
  if (padding_mode != Padding::kSame || stride == 1) return 0;
  return in[0].elements() * int64_t{sizeof(float)};
}

}  // namespace graft::nn
