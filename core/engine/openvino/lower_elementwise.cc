#include <openvino/op/add.hpp>
#include <openvino/op/clamp.hpp>
#include <openvino/op/gelu.hpp>
#include <openvino/op/hsigmoid.hpp>
#include <openvino/op/hswish.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/relu.hpp>
#include <openvino/op/sigmoid.hpp>
#include <openvino/op/swish.hpp>
#include <openvino/op/tanh.hpp>

#include "core/engine/openvino/lowering.h"

namespace graft::engine {

Value Lower(const nn::Activation& activation, const LowerArgs& args) {
  switch (activation.kind) {
    case nn::ActivationKind::kRelu:
      return std::make_shared<ov::op::v0::Relu>(args.x());
    case nn::ActivationKind::kRelu6:
      return std::make_shared<ov::op::v0::Clamp>(args.x(), 0, 6);
    case nn::ActivationKind::kSilu:
      return std::make_shared<ov::op::v4::Swish>(args.x());
    case nn::ActivationKind::kSigmoid:
      return std::make_shared<ov::op::v0::Sigmoid>(args.x());
    case nn::ActivationKind::kGelu:
      return std::make_shared<ov::op::v7::Gelu>(args.x(), ov::op::GeluApproximationMode::ERF);
    case nn::ActivationKind::kTanh:
      return std::make_shared<ov::op::v0::Tanh>(args.x());
    case nn::ActivationKind::kHardSigmoid:
      return std::make_shared<ov::op::v5::HSigmoid>(args.x());
    case nn::ActivationKind::kHardSwish:
      return std::make_shared<ov::op::v4::HSwish>(args.x());
  }
  return args.x();
}

Value Lower(const nn::Add&, const LowerArgs& args) {
  return std::make_shared<ov::op::v1::Add>(args.x(), args.in[1]);
}

Value Lower(const nn::Multiply&, const LowerArgs& args) {
  return std::make_shared<ov::op::v1::Multiply>(args.x(), args.in[1]);
}

Value Lower(const nn::LayerScale&, const LowerArgs& args) {
  return std::make_shared<ov::op::v1::Multiply>(args.x(), ConstantOf(*args.own[0]));
}

Value Lower(const nn::Dropout&, const LowerArgs& args) { return args.x(); }

}  // namespace graft::engine
