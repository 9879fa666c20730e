#include <algorithm>
#include <cstdint>

#include <ATen/ATen.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const Conv2d& conv, const RunArgs& args) {
  int64_t padding_h = conv.padding;
  int64_t padding_w = conv.PaddingWidth();
  at::Tensor input = args.x();
  if (conv.padding_mode == Padding::kSame) {
    const auto total = [&](int64_t size, int kernel) {
      const int64_t out = (size + conv.stride - 1) / conv.stride;
      return std::max<int64_t>((out - 1) * conv.stride + kernel - size, 0);
    };
    const int64_t height = total(input.size(2), conv.kernel);
    const int64_t width = total(input.size(3), conv.KernelWidth());
    if (height % 2 == 0 && width % 2 == 0) {  // the same on both sides: the convolution pads
      padding_h = height / 2;
      padding_w = width / 2;
    } else {
      padding_h = padding_w = 0;
      input = at::constant_pad_nd(
          input, {width / 2, width - width / 2, height / 2, height - height / 2}, 0);
    }
  }
  return at::conv2d(input, args.own[0], conv.bias ? args.own[1] : at::Tensor(),
                    {conv.stride, conv.stride}, {padding_h, padding_w}, {1, 1}, conv.groups);
}

}  // namespace graft::nn
