#include <optional>

#include <ATen/ATen.h>

#include "core/nn/ops/run.h"

namespace graft::nn {

at::Tensor Run(const Attention& attention, const RunArgs& args) {
  const at::Tensor& x = args.x();
  const int64_t rows = x.size(0);
  const int64_t tokens = x.size(1);
  // [N, T, 3 * C] -> three of [N, heads, T, C / heads].
  const at::Tensor split =
      x.reshape({rows, tokens, 3, attention.heads, attention.channels / attention.heads})
          .permute({2, 0, 3, 1, 4});
  // True: may be attended to. [N, 1, 1, T] or [N, 1, T, T].
  at::Tensor mask = args.optional(1);
  bool causal = attention.causal;
  if (mask.defined()) {
    mask = (mask != 0).view({rows, 1, 1, tokens});
    if (causal) {  // LibTorch takes one of the two
      mask = mask.logical_and(at::ones({tokens, tokens}, mask.options()).tril());
      causal = false;
    }
  }
  return at::scaled_dot_product_attention(
             split[0], split[1], split[2],
             mask.defined() ? std::optional<at::Tensor>(mask) : std::nullopt, /*dropout_p=*/0.0,
             causal)
      .transpose(1, 2)
      .reshape({rows, tokens, attention.channels});
}

}  // namespace graft::nn
