#include "core/engine/openvino/lowering.h"

#include <map>
#include <set>
#include <tuple>
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
#include "core/engine/openvino/lower_quantized.h"
#include "core/engine/quantized_layers.h"

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

// Lowers the nodes of a segment one after the other.
class Builder {
 public:
  Builder(const Segment& segment, int rows, const std::vector<nn::Shape>& inputs,
          const std::vector<nn::Shape>& shapes, const std::vector<QuantizedLayer>& quantized)
      : segment_(segment), rows_(rows), inputs_(inputs), shapes_(shapes) {
    size_t next_tensor = 0;
    for (const nn::Node& node : segment.spec.nodes) {
      OwnTensors& own = own_.emplace_back();
      for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
        own.push_back(slot.role == nn::Role::kCounter ? nullptr : &segment.tensors[next_tensor++]);
      }
    }
    for (const QuantizedLayer& layer : quantized) {
      quantized_[layer.node] = layer;
      if (layer.norm >= 0) folded_.insert(layer.norm);
    }
  }

  std::shared_ptr<ov::Model> Build() {
    const nn::NetworkSpec& spec = segment_.spec;
    ov::ParameterVector parameters;
    for (size_t i = 0; i < spec.inputs.size(); ++i) {
      const bool pixels = i == 0 && segment_.pixels.has_value();
      const Entrance entrance =
          pixels ? PixelEntrance(*segment_.pixels, rows_) : PlainEntrance(spec.inputs[i], rows_);
      entering_.push_back(entrance.value);
      parameters.push_back(entrance.parameter);
    }
    for (size_t i = 0; i < spec.nodes.size(); ++i) values_.push_back(ValueOf(static_cast<int>(i)));
    const Value flat = std::make_shared<ov::op::v1::Reshape>(
        values_.back(),
        ov::op::v0::Constant::create(ov::element::i64, {2},
                                     std::vector<int64_t>{rows_, shapes_.back().elements()}),
        /*special_zero=*/false);
    return std::make_shared<ov::Model>(ov::ResultVector{std::make_shared<ov::op::v0::Result>(flat)},
                                       parameters, spec.architecture);
  }

 private:
  const nn::Node& node(int index) const { return segment_.spec.nodes[static_cast<size_t>(index)]; }

  Value ValueOf(int index) {
    std::vector<Value> in;
    for (const int input : node(index).inputs) {
      in.push_back(input < 0 ? entering_[nn::InputNode(input)] : values_[input]);
    }
    if (folded_.contains(index)) return in.front();
    if (const auto found = quantized_.find(index); found != quantized_.end()) {
      return Quantized(found->second, in.front());
    }
    const std::vector<nn::Shape> in_shapes = nn::ShapesInto(segment_.spec, index, inputs_, shapes_);
    const LowerArgs args{in, in_shapes, own_[index], shapes_[index], rows_};
    return std::visit([&](const auto& op) { return Lower(op, args); }, node(index).op);
  }

  Value Quantized(const QuantizedLayer& layer, const Value& in) {
    // One for all layers that read it alike: it is then converted once.
    Value& x = converted_[{in, layer.low, layer.high}];
    if (x.get_node() == nullptr) x = QuantizedInput(in, layer.low, layer.high);
    static const OwnTensors kNone;
    const QuantizedWeights weights =
        layer.norm < 0
            ? WeightsOf(own_[layer.node], nullptr, kNone)
            : WeightsOf(own_[layer.node], &std::get<nn::BatchNorm2d>(node(layer.norm).op),
                        own_[layer.norm]);
    const nn::Op& op = node(layer.node).op;
    if (const auto* const conv = std::get_if<nn::Conv2d>(&op)) {
      return LowerQuantized(*conv, weights, x);
    }
    return LowerQuantized(std::get<nn::Linear>(op), weights, x);
  }

  const Segment& segment_;
  const int rows_;
  const std::vector<nn::Shape>& inputs_;
  const std::vector<nn::Shape>& shapes_;
  std::map<int, QuantizedLayer> quantized_;  // by node
  std::set<int> folded_;                     // norms that are in the weights of the layer before
  std::vector<OwnTensors> own_;              // of each node
  std::vector<Value> entering_;
  std::vector<Value> values_;
  std::map<std::tuple<Value, float, float>, Value> converted_;
};

}  // namespace

Value ConstantOf(const HostTensor& tensor) { return ConstantOf(tensor, OvShape(tensor.shape)); }

Value ConstantOf(const HostTensor& tensor, const ov::Shape& shape) {
  // ov takes memory that it may write to, and does not write to a constant's.
  return std::make_shared<ov::op::v0::Constant>(
      ov::Tensor(ov::element::f32, shape, const_cast<float*>(tensor.data)));
}

absl::StatusOr<std::shared_ptr<ov::Model>> LowerSegment(const Segment& segment, int rows,
                                                        bool quantized) {
  const std::vector<nn::Shape> inputs = nn::InputShapes(segment.spec);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment.spec, inputs));
  std::vector<QuantizedLayer> layers;
  if (quantized) {
    GRAFT_ASSIGN_OR_RETURN(layers, QuantizedLayersOf(segment));
  }
  return Builder(segment, rows, inputs, shapes, layers).Build();
}

}  // namespace graft::engine
