#include <openvino/op/add.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/gather.hpp>
#include <openvino/op/matmul.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/mvn.hpp>
#include <openvino/op/normalize_l2.hpp>

#include "core/engine/openvino/lowering.h"

namespace graft::engine {
namespace {

Value LastAxis() { return ov::op::v0::Constant::create(ov::element::i64, {1}, {-1}); }

// x / max(|x|, 1e-12) over the last axis, as nn::Run has it.
Value Normalised(const Value& x) {
  return std::make_shared<ov::op::v0::NormalizeL2>(x, LastAxis(), 1e-24f, ov::op::EpsMode::MAX);
}

}  // namespace

Value Lower(const nn::Linear& linear, const LowerArgs& args) {
  const Value product = std::make_shared<ov::op::v0::MatMul>(
      args.x(), ConstantOf(*args.own[0]), /*transpose_a=*/false, /*transpose_b=*/true);
  if (!linear.bias) return product;
  return std::make_shared<ov::op::v1::Add>(product, ConstantOf(*args.own[1]));
}

Value Lower(const nn::CosineLinear&, const LowerArgs& args) {
  const Value cosines = std::make_shared<ov::op::v0::MatMul>(
      Normalised(args.x()), Normalised(ConstantOf(*args.own[0])), /*transpose_a=*/false,
      /*transpose_b=*/true);
  return std::make_shared<ov::op::v1::Multiply>(cosines, ConstantOf(*args.own[1], {1}));
}

Value Lower(const nn::LayerNorm& norm, const LowerArgs& args) {
  const Value normalised = std::make_shared<ov::op::v6::MVN>(
      args.x(), LastAxis(), /*normalize_variance=*/true, static_cast<float>(norm.epsilon),
      ov::op::MVNEpsMode::INSIDE_SQRT);
  const Value scaled = std::make_shared<ov::op::v1::Multiply>(normalised, ConstantOf(*args.own[0]));
  return std::make_shared<ov::op::v1::Add>(scaled, ConstantOf(*args.own[1]));
}

Value Lower(const nn::Embedding&, const LowerArgs& args) {
  return std::make_shared<ov::op::v8::Gather>(
      ConstantOf(*args.own[0]), std::make_shared<ov::op::v0::Convert>(args.x(), ov::element::i64),
      ov::op::v0::Constant::create(ov::element::i64, {}, {0}));
}

}  // namespace graft::engine
