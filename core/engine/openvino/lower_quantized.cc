#include "core/engine/openvino/lower_quantized.h"

#include <memory>
#include <variant>

#include <openvino/op/add.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/fake_quantize.hpp>
#include <openvino/op/matmul.hpp>
#include <openvino/op/multiply.hpp>

namespace graft::engine {
namespace {

constexpr size_t kLevels = 256;

size_t Size(int64_t value) { return static_cast<size_t>(value); }

absl::Span<const float> ValuesOf(const HostTensor& tensor) {
  return {tensor.data, Size(tensor.shape.elements())};
}

Value Floats(const ov::Shape& shape, const std::vector<float>& values) {
  return ov::op::v0::Constant::create(ov::element::f32, shape, values);
}

// 8-bit weights of this shape with a scale for each of their first `scaled` dimensions.
Value Scaled(const QuantizedWeights& weights, const ov::Shape& shape, size_t scaled) {
  ov::Shape scales(shape.size(), 1);
  std::copy_n(shape.begin(), scaled, scales.begin());
  const Value values = std::make_shared<ov::op::v0::Convert>(
      ov::op::v0::Constant::create(ov::element::i8, shape, weights.values), ov::element::f32);
  return std::make_shared<ov::op::v1::Multiply>(values, Floats(scales, weights.scales));
}

}  // namespace

Value QuantizedInput(const Value& x, float low, float high) {
  const Value begin = Floats({}, {low});
  const Value end = Floats({}, {high});
  return std::make_shared<ov::op::v0::FakeQuantize>(x, begin, end, begin, end, kLevels);
}

QuantizedWeights WeightsOf(const OwnTensors& layer, const nn::BatchNorm2d* norm,
                           const OwnTensors& norm_tensors) {
  FoldedNorm folded;
  if (norm != nullptr) {
    folded = FoldNorm(ValuesOf(*norm_tensors[0]), ValuesOf(*norm_tensors[1]),
                      ValuesOf(*norm_tensors[2]), ValuesOf(*norm_tensors[3]), norm->epsilon);
  }
  return QuantizeWeights(ValuesOf(*layer[0]), layer[0]->shape[0],
                         layer.size() > 1 ? ValuesOf(*layer[1]) : absl::Span<const float>(),
                         norm == nullptr ? nullptr : &folded);
}

Value LowerQuantized(const nn::Conv2d& conv, const QuantizedWeights& weights, const Value& x) {
  const size_t out = Size(conv.out_channels);
  const size_t in = Size(conv.in_channels);
  const size_t height = Size(conv.kernel);
  const size_t width = Size(conv.KernelWidth());
  const size_t groups = Size(conv.groups);
  const Value product =
      groups == 1
          ? Convolved(conv, x, Scaled(weights, {out, in, height, width}, 1))
          : Convolved(conv, x,
                      Scaled(weights, {groups, out / groups, in / groups, height, width}, 2));
  return std::make_shared<ov::op::v1::Add>(product, Floats({1, out, 1, 1}, weights.biases));
}

Value LowerQuantized(const nn::Linear& linear, const QuantizedWeights& weights, const Value& x) {
  const size_t out = Size(linear.out_features);
  const Value product = std::make_shared<ov::op::v0::MatMul>(
      x, Scaled(weights, {out, Size(linear.in_features)}, 1), /*transpose_a=*/false,
      /*transpose_b=*/true);
  return std::make_shared<ov::op::v1::Add>(product, Floats({out}, weights.biases));
}

}  // namespace graft::engine
