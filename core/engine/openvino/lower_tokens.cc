#include <openvino/op/add.hpp>
#include <openvino/op/broadcast.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/divide.hpp>
#include <openvino/op/gather.hpp>
#include <openvino/op/gather_nd.hpp>
#include <openvino/op/logical_and.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/not_equal.hpp>
#include <openvino/op/reduce_max.hpp>
#include <openvino/op/reduce_mean.hpp>
#include <openvino/op/reduce_sum.hpp>
#include <openvino/op/reshape.hpp>
#include <openvino/op/scaled_dot_product_attention.hpp>
#include <openvino/op/slice.hpp>
#include <openvino/op/squeeze.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/op/unsqueeze.hpp>

#include "core/engine/openvino/lowering.h"

namespace graft::engine {
namespace {

Value Integers(const std::vector<int64_t>& values) {
  return ov::op::v0::Constant::create(ov::element::i64, {values.size()}, values);
}
Value Integer(int64_t value) { return ov::op::v0::Constant::create(ov::element::i64, {}, {value}); }
Value Reshaped(const Value& x, const std::vector<int64_t>& shape) {
  return std::make_shared<ov::op::v1::Reshape>(x, Integers(shape), /*special_zero=*/false);
}
Value Transposed(const Value& x, const std::vector<int64_t>& order) {
  return std::make_shared<ov::op::v1::Transpose>(x, Integers(order));
}
// [N, T, ...] -> [N, ...]: position `index` of the tokens.
Value TokenAt(const Value& x, int64_t index) {
  return std::make_shared<ov::op::v8::Gather>(x, Integer(index), Integer(1));
}
// Tokens from `begin` on.
Value TokensFrom(const Value& x, int64_t begin) {
  if (begin == 0) return x;
  return std::make_shared<ov::op::v8::Slice>(x, Integers({begin}),
                                             Integers({std::numeric_limits<int64_t>::max()}),
                                             Integers({1}), Integers({1}));
}
Value IsSet(const Value& mask) {
  return std::make_shared<ov::op::v1::NotEqual>(
      mask, ov::op::v0::Constant::create(mask.get_element_type(), {}, {0}));
}
Value Floats(const Value& x) { return std::make_shared<ov::op::v0::Convert>(x, ov::element::f32); }

Value MeanOfTokens(const nn::TokenPool& pool, const LowerArgs& args) {
  const Value tokens = TokensFrom(args.x(), pool.skip);
  if (args.in.size() < 2) {
    return std::make_shared<ov::op::v1::ReduceMean>(tokens, Integers({1}), /*keep_dims=*/false);
  }
  const Value weights = std::make_shared<ov::op::v0::Unsqueeze>(
      Floats(TokensFrom(args.in[1], pool.skip)), Integers({2}));
  const Value weighted = std::make_shared<ov::op::v1::Multiply>(tokens, weights);
  return std::make_shared<ov::op::v1::Divide>(
      std::make_shared<ov::op::v1::ReduceSum>(weighted, Integers({1}), /*keep_dims=*/false),
      std::make_shared<ov::op::v1::ReduceSum>(weights, Integers({1}), /*keep_dims=*/false));
}

// The last position that the mask has a 1 at, wherever the padding is.
Value LastToken(const LowerArgs& args) {
  const int64_t tokens = args.in_shapes[0][0];
  if (args.in.size() < 2) return TokenAt(args.x(), tokens - 1);
  std::vector<float> positions;
  for (int64_t i = 0; i < tokens; ++i) positions.push_back(static_cast<float>(i));
  const Value numbered = std::make_shared<ov::op::v1::Multiply>(
      Floats(IsSet(args.in[1])),
      ov::op::v0::Constant::create(ov::element::f32, {positions.size()}, positions));
  const Value last = std::make_shared<ov::op::v0::Convert>(
      std::make_shared<ov::op::v1::ReduceMax>(numbered, Integers({1}), /*keep_dims=*/true),
      ov::element::i64);
  return std::make_shared<ov::op::v8::GatherND>(args.x(), last, /*batch_dims=*/1);
}

// True where a token may attend, [N, 1, 1, T] or [N, 1, T, T].
Value AttentionMask(const nn::Attention& attention, const LowerArgs& args) {
  const int64_t tokens = args.in_shapes[0][0];
  const Value mask = Reshaped(IsSet(args.in[1]), {args.rows, 1, 1, tokens});
  if (!attention.causal) return mask;
  std::vector<char> lower;
  for (int64_t row = 0; row < tokens; ++row) {
    for (int64_t column = 0; column < tokens; ++column) lower.push_back(column <= row ? 1 : 0);
  }
  const auto size = static_cast<size_t>(tokens);
  return std::make_shared<ov::op::v1::LogicalAnd>(
      mask, ov::op::v0::Constant::create(ov::element::boolean, {1, 1, size, size}, lower));
}

}  // namespace

Value Lower(const nn::TokenPool& pool, const LowerArgs& args) {
  if (args.in_shapes[0].rank() == 1) return args.x();  // pooled already
  switch (pool.kind) {
    case nn::TokenPoolKind::kMean:
      return MeanOfTokens(pool, args);
    case nn::TokenPoolKind::kFirst:
      return TokenAt(args.x(), 0);
    case nn::TokenPoolKind::kLast:
      return LastToken(args);
  }
  return args.x();
}

Value Lower(const nn::Flatten&, const LowerArgs& args) {
  return Reshaped(args.x(), {args.rows, args.out_shape.elements()});
}

Value Lower(const nn::MapToTokens&, const LowerArgs& args) {
  const nn::Shape& out = args.out_shape;
  return Transposed(Reshaped(args.x(), {args.rows, out[1], out[0]}), {0, 2, 1});
}

Value Lower(const nn::ClassToken& token, const LowerArgs& args) {
  const Value each = std::make_shared<ov::op::v3::Broadcast>(
      ConstantOf(*args.own[0]), Integers({args.rows, 1, token.channels}));
  return std::make_shared<ov::op::v0::Concat>(ov::OutputVector{each, args.x()}, 1);
}

Value Lower(const nn::PositionEmbedding&, const LowerArgs& args) {
  return std::make_shared<ov::op::v1::Add>(args.x(), ConstantOf(*args.own[0]));
}

Value Lower(const nn::TokensToMap&, const LowerArgs& args) {
  const nn::Shape& out = args.out_shape;
  return Reshaped(Transposed(args.x(), {0, 2, 1}), {args.rows, out[0], out[1], out[2]});
}

Value Lower(const nn::ConcatChannels&, const LowerArgs& args) {
  return std::make_shared<ov::op::v0::Concat>(ov::OutputVector(args.in.begin(), args.in.end()), 1);
}

Value Lower(const nn::Concat&, const LowerArgs& args) {
  return std::make_shared<ov::op::v0::Concat>(ov::OutputVector(args.in.begin(), args.in.end()), -1);
}

Value Lower(const nn::Attention& attention, const LowerArgs& args) {
  const int64_t tokens = args.in_shapes[0][0];
  const int64_t width = attention.channels / attention.heads;
  // [N, T, 3 * C] -> three of [N, heads, T, C / heads].
  const Value split = Transposed(Reshaped(args.x(), {args.rows, tokens, 3, attention.heads, width}),
                                 {2, 0, 3, 1, 4});
  const auto part = [&](int64_t index) -> Value {
    return std::make_shared<ov::op::v8::Gather>(split, Integer(index), Integer(0));
  };
  Value attended;
  if (args.in.size() > 1) {
    attended = std::make_shared<ov::op::v13::ScaledDotProductAttention>(
        part(0), part(1), part(2), AttentionMask(attention, args), /*causal=*/false);
  } else {
    attended = std::make_shared<ov::op::v13::ScaledDotProductAttention>(part(0), part(1), part(2),
                                                                        attention.causal);
  }
  return Reshaped(Transposed(attended, {0, 2, 1, 3}), {args.rows, tokens, attention.channels});
}

}  // namespace graft::engine
