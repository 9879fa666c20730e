#ifndef GRAFT_CORE_NN_OPS_RUN_H_
#define GRAFT_CORE_NN_OPS_RUN_H_

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"

#include "core/nn/ops/op.h"

namespace graft::nn {

// What an operation computes with. Activations have the batch in front of the shape that the
// description speaks of.
struct RunArgs {
  absl::Span<const at::Tensor* const> in;  // optional ones may be undefined tensors
  absl::Span<const at::Tensor> own;        // as Slots() lists them
  bool training = false;                   // dropout drops
  // Norms use the batch's statistics and move their own towards them.
  bool batch_statistics = false;

  const at::Tensor& x() const { return *in[0]; }
  // An undefined tensor where there is none.
  at::Tensor optional(size_t i) const { return i < in.size() ? *in[i] : at::Tensor(); }
};

// Each throws c10::Error as LibTorch does. On whatever device the tensors are.
at::Tensor Run(const Conv2d& conv, const RunArgs& args);
at::Tensor Run(const BatchNorm2d& norm, const RunArgs& args);
at::Tensor Run(const LayerNorm& norm, const RunArgs& args);
at::Tensor Run(const Activation& activation, const RunArgs& args);
at::Tensor Run(const Add& add, const RunArgs& args);
at::Tensor Run(const Multiply& multiply, const RunArgs& args);
at::Tensor Run(const LayerScale& scale, const RunArgs& args);
at::Tensor Run(const Dropout& dropout, const RunArgs& args);
at::Tensor Run(const MaxPool2d& pool, const RunArgs& args);
at::Tensor Run(const AvgPool2d& pool, const RunArgs& args);
at::Tensor Run(const AdaptiveAvgPool2d& pool, const RunArgs& args);
at::Tensor Run(const TokenPool& pool, const RunArgs& args);
at::Tensor Run(const Flatten& flatten, const RunArgs& args);
at::Tensor Run(const MapToTokens& reshape, const RunArgs& args);
at::Tensor Run(const TokensToMap& reshape, const RunArgs& args);
at::Tensor Run(const ClassToken& token, const RunArgs& args);
at::Tensor Run(const PositionEmbedding& positions, const RunArgs& args);
at::Tensor Run(const ConcatChannels& concat, const RunArgs& args);
at::Tensor Run(const Concat& concat, const RunArgs& args);
at::Tensor Run(const Linear& linear, const RunArgs& args);
at::Tensor Run(const CosineLinear& linear, const RunArgs& args);
at::Tensor Run(const Attention& attention, const RunArgs& args);
at::Tensor Run(const Embedding& embedding, const RunArgs& args);

// An operation without its own Run does not find one that takes it, as none converts to another;
// a variant does not convert either.
inline at::Tensor RunOp(const Op& op, const RunArgs& args) {
  return std::visit([&](const auto& own) { return Run(own, args); }, op);
}

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_RUN_H_
