#include <openvino/op/adaptive_avg_pool.hpp>
#include <openvino/op/add.hpp>
#include <openvino/op/avg_pool.hpp>
#include <openvino/op/batch_norm.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/group_conv.hpp>
#include <openvino/op/max_pool.hpp>
#include <openvino/op/reduce_mean.hpp>

#include "core/engine/openvino/lowering.h"

namespace graft::engine {
namespace {

size_t Size(int64_t value) { return static_cast<size_t>(value); }

}  // namespace

Value Convolved(const nn::Conv2d& conv, const Value& x, const Value& weights) {
  const auto stride = Size(conv.stride);
  const bool same = conv.padding_mode == nn::Padding::kSame;
  const ov::op::PadType pad = same ? ov::op::PadType::SAME_UPPER : ov::op::PadType::EXPLICIT;
  const ov::CoordinateDiff pads{same ? 0 : conv.padding, same ? 0 : conv.PaddingWidth()};
  if (conv.groups == 1) {
    return std::make_shared<ov::op::v1::Convolution>(x, weights, ov::Strides{stride, stride}, pads,
                                                     pads, ov::Strides{1, 1}, pad);
  }
  return std::make_shared<ov::op::v1::GroupConvolution>(x, weights, ov::Strides{stride, stride},
                                                        pads, pads, ov::Strides{1, 1}, pad);
}

Value Lower(const nn::Conv2d& conv, const LowerArgs& args) {
  const auto groups = Size(conv.groups);
  const Value weights =
      groups == 1 ? ConstantOf(*args.own[0])
                  : ConstantOf(*args.own[0], {groups, Size(conv.out_channels) / groups,
                                              Size(conv.in_channels) / groups, Size(conv.kernel),
                                              Size(conv.KernelWidth())});
  const Value out = Convolved(conv, args.x(), weights);
  if (!conv.bias) return out;
  return std::make_shared<ov::op::v1::Add>(
      out, ConstantOf(*args.own[1], {1, Size(conv.out_channels), 1, 1}));
}

// OpenVINO folds it into the convolution before it.
Value Lower(const nn::BatchNorm2d& norm, const LowerArgs& args) {
  return std::make_shared<ov::op::v5::BatchNormInference>(
      args.x(), ConstantOf(*args.own[0]), ConstantOf(*args.own[1]), ConstantOf(*args.own[2]),
      ConstantOf(*args.own[3]), norm.epsilon);
}

Value Lower(const nn::MaxPool2d& pool, const LowerArgs& args) {
  const auto stride = Size(pool.stride);
  const auto padding = Size(pool.padding);
  const auto kernel = Size(pool.kernel);
  return std::make_shared<ov::op::v1::MaxPool>(
      args.x(), ov::Strides{stride, stride}, ov::Shape{padding, padding},
      ov::Shape{padding, padding}, ov::Shape{kernel, kernel},
      pool.round_up ? ov::op::RoundingType::CEIL : ov::op::RoundingType::FLOOR);
}

Value Lower(const nn::AvgPool2d& pool, const LowerArgs& args) {
  const auto stride = Size(pool.stride);
  const auto padding = Size(pool.padding);
  const auto kernel = Size(pool.kernel);
  return std::make_shared<ov::op::v1::AvgPool>(
      args.x(), ov::Strides{stride, stride}, ov::Shape{padding, padding},
      ov::Shape{padding, padding}, ov::Shape{kernel, kernel}, /*exclude_pad=*/false,
      ov::op::RoundingType::FLOOR);
}

Value Lower(const nn::AdaptiveAvgPool2d& pool, const LowerArgs& args) {
  const nn::Shape& in = args.in_shapes[0];
  if (in.rank() == 1 || in == args.out_shape) return args.x();  // pooled already
  if (pool.height == 1 && pool.width == 1) {
    return std::make_shared<ov::op::v1::ReduceMean>(
        args.x(), ov::op::v0::Constant::create(ov::element::i64, {2}, {2, 3}), /*keep_dims=*/true);
  }
  return std::make_shared<ov::op::v8::AdaptiveAvgPool>(
      args.x(), ov::op::v0::Constant::create(ov::element::i64, {2}, {pool.height, pool.width}));
}

}  // namespace graft::engine
