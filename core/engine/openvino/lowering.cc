#include "core/engine/openvino/lowering.h"

#include <variant>
#include <vector>

#include <openvino/op/add.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/reshape.hpp>
#include <openvino/op/result.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/runtime/tensor.hpp>

#include "core/base/status_macros.h"

namespace graft::engine {
namespace {

ov::Shape OvShape(const nn::Shape& shape) {
  ov::Shape dims;
  for (const int64_t dim : shape.dims()) dims.push_back(static_cast<size_t>(dim));
  return dims;
}

ov::Shape Batched(const nn::Shape& shape, int rows) {
  ov::Shape dims = OvShape(shape);
  dims.insert(dims.begin(), static_cast<size_t>(rows));
  return dims;
}

// The input parameter, and the network's first value that is made of it.
struct Entrance {
  std::shared_ptr<ov::op::v0::Parameter> parameter;
  Value value;
};

// Pixels, row by row, to normalised planes.
Entrance PixelEntrance(const model::InputSpec& input, int rows) {
  const ov::Shape shape{static_cast<size_t>(rows), static_cast<size_t>(input.height),
                        static_cast<size_t>(input.width), 3};
  auto parameter = std::make_shared<ov::op::v0::Parameter>(ov::element::u8, shape);
  const Value floats = std::make_shared<ov::op::v0::Convert>(parameter, ov::element::f32);
  const Value planes = std::make_shared<ov::op::v1::Transpose>(
      floats, ov::op::v0::Constant::create(ov::element::i64, {4}, {0, 3, 1, 2}));
  const model::PixelScale pixels = model::PixelScaleOf(input);
  const Value scaled = std::make_shared<ov::op::v1::Multiply>(
      planes, ov::op::v0::Constant::create(ov::element::f32, {1, 3, 1, 1}, pixels.scale));
  return {parameter,
          std::make_shared<ov::op::v1::Add>(
              scaled, ov::op::v0::Constant::create(ov::element::f32, {1, 3, 1, 1}, pixels.shift))};
}

Entrance PlainEntrance(const nn::NetworkInput& input, int rows) {
  auto parameter = std::make_shared<ov::op::v0::Parameter>(
      input.integers ? ov::element::i64 : ov::element::f32, Batched(input.shape, rows));
  return {parameter, parameter};
}

std::shared_ptr<ov::Model> Build(const Segment& segment, int rows,
                                 const std::vector<nn::Shape>& inputs,
                                 const std::vector<nn::Shape>& shapes) {
  const nn::NetworkSpec& spec = segment.spec;
  std::vector<Value> entering;
  ov::ParameterVector parameters;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const bool pixels = i == 0 && segment.pixels.has_value();
    const Entrance entrance =
        pixels ? PixelEntrance(*segment.pixels, rows) : PlainEntrance(spec.inputs[i], rows);
    entering.push_back(entrance.value);
    parameters.push_back(entrance.parameter);
  }
  std::vector<Value> values;
  size_t next_tensor = 0;
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    const nn::Node& node = spec.nodes[i];
    std::vector<const HostTensor*> own;
    for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
      own.push_back(slot.role == nn::Role::kCounter ? nullptr : &segment.tensors[next_tensor++]);
    }
    std::vector<Value> in;
    for (const int input : node.inputs) {
      in.push_back(input < 0 ? entering[nn::InputNode(input)] : values[input]);
    }
    const std::vector<nn::Shape> in_shapes =
        nn::ShapesInto(spec, static_cast<int>(i), inputs, shapes);
    const LowerArgs args{in, in_shapes, own, shapes[i], rows};
    values.push_back(std::visit([&](const auto& op) { return Lower(op, args); }, node.op));
  }
  const Value flat = std::make_shared<ov::op::v1::Reshape>(
      values.back(),
      ov::op::v0::Constant::create(ov::element::i64, {2},
                                   std::vector<int64_t>{rows, shapes.back().elements()}),
      /*special_zero=*/false);
  return std::make_shared<ov::Model>(ov::ResultVector{std::make_shared<ov::op::v0::Result>(flat)},
                                     parameters, spec.architecture);
}

}  // namespace

Value ConstantOf(const HostTensor& tensor) { return ConstantOf(tensor, OvShape(tensor.shape)); }

Value ConstantOf(const HostTensor& tensor, const ov::Shape& shape) {
  // ov takes memory that it may write to, and does not write to a constant's.
  return std::make_shared<ov::op::v0::Constant>(
      ov::Tensor(ov::element::f32, shape, const_cast<float*>(tensor.data)));
}

absl::StatusOr<std::shared_ptr<ov::Model>> LowerSegment(const Segment& segment, int rows) {
  const std::vector<nn::Shape> inputs = nn::InputShapes(segment.spec);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment.spec, inputs));
  return Build(segment, rows, inputs, shapes);
}

}  // namespace graft::engine
