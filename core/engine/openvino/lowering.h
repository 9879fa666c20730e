#ifndef GRAFT_CORE_ENGINE_OPENVINO_LOWERING_H_
#define GRAFT_CORE_ENGINE_OPENVINO_LOWERING_H_

#include <memory>

#include <openvino/core/model.hpp>
#include <openvino/core/node_output.hpp>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/engine/segment.h"
#include "core/nn/ops/op.h"

namespace graft::engine {

using Value = ov::Output<ov::Node>;

// What a node of a network is lowered from. Values have the batch in front of the shape that the
// network's description speaks of.
struct LowerArgs {
  absl::Span<const Value> in;
  absl::Span<const nn::Shape> in_shapes;    // without the batch
  absl::Span<const HostTensor* const> own;  // as Slots() lists them; null for counters
  nn::Shape out_shape;
  int64_t rows = 1;  // of the batch

  const Value& x() const { return in[0]; }
};

// Each gives what nn::Run gives for the same operation in evaluation mode, within rounding. ov's
// exceptions pass through.
Value Lower(const nn::Conv2d& conv, const LowerArgs& args);
Value Lower(const nn::BatchNorm2d& norm, const LowerArgs& args);
Value Lower(const nn::LayerNorm& norm, const LowerArgs& args);
Value Lower(const nn::Activation& activation, const LowerArgs& args);
Value Lower(const nn::Add& add, const LowerArgs& args);
Value Lower(const nn::Multiply& multiply, const LowerArgs& args);
Value Lower(const nn::LayerScale& scale, const LowerArgs& args);
Value Lower(const nn::Dropout& dropout, const LowerArgs& args);
Value Lower(const nn::MaxPool2d& pool, const LowerArgs& args);
Value Lower(const nn::AvgPool2d& pool, const LowerArgs& args);
Value Lower(const nn::AdaptiveAvgPool2d& pool, const LowerArgs& args);
Value Lower(const nn::TokenPool& pool, const LowerArgs& args);
Value Lower(const nn::Flatten& flatten, const LowerArgs& args);
Value Lower(const nn::MapToTokens& reshape, const LowerArgs& args);
Value Lower(const nn::TokensToMap& reshape, const LowerArgs& args);
Value Lower(const nn::ClassToken& token, const LowerArgs& args);
Value Lower(const nn::PositionEmbedding& positions, const LowerArgs& args);
Value Lower(const nn::ConcatChannels& concat, const LowerArgs& args);
Value Lower(const nn::Concat& concat, const LowerArgs& args);
Value Lower(const nn::Linear& linear, const LowerArgs& args);
Value Lower(const nn::CosineLinear& linear, const LowerArgs& args);
Value Lower(const nn::Attention& attention, const LowerArgs& args);
Value Lower(const nn::Embedding& embedding, const LowerArgs& args);

// The convolution itself. `weights`: [out, in, kernel, width], where there are groups
// [groups, out / groups, in / groups, kernel, width].
Value Convolved(const nn::Conv2d& conv, const Value& x, const Value& weights);

// A constant that points to the tensor's memory: no copy of it.
Value ConstantOf(const HostTensor& tensor);
// The same in another shape of as many elements.
Value ConstantOf(const HostTensor& tensor, const ov::Shape& shape);

// `segment` for batches of `rows`, which must be valid (Validate) and must outlive the model. The
// model has the segment's inputs, [rows, height, width, 3] uint8 for pictures, else
// [rows, shape...] float32 or int64; its one result is [rows, outputs] float32. ov's
// exceptions pass through. `quantized`: whether layers that the segment has ranges for are in 8-bit
// integers.
absl::StatusOr<std::shared_ptr<ov::Model>> LowerSegment(const Segment& segment, int rows,
                                                        bool quantized = false);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_LOWERING_H_
