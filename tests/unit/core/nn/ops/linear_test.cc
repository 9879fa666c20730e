#include "core/nn/ops/linear.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/ops/one_op.h"

namespace graft::nn {
namespace {

TEST(CosineLinearTest, GivesScaledCosines) {
  const auto network = OneOpNetwork(CosineLinear{.in_features = 3, .out_features = 2},
                                    {{.name = "x", .shape = {3}}});
  const at::Tensor x = at::sin(at::arange(12, at::kFloat)).view({4, 3});
  const at::Tensor weight = network->NamedTensors()[0].tensor;
  const at::Tensor cosines = at::cosine_similarity(x.unsqueeze(1), weight.unsqueeze(0), 2);
  EXPECT_TRUE(at::allclose(RunOneOp(*network, {x}), 10 * cosines, 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(RunOneOp(*network, {5 * x}), 10 * cosines, 1e-5, 1e-5))
      << "length does not count";
}

TEST(CosineLinearTest, ABlankInputIsNoNaN) {
  const auto network = OneOpNetwork(CosineLinear{.in_features = 3, .out_features = 2},
                                    {{.name = "x", .shape = {3}}});
  const at::Tensor out = RunOneOp(*network, {at::zeros({1, 3})});
  EXPECT_TRUE(at::equal(out, at::zeros({1, 2})));
  out.sum().backward();
  for (const NamedTensor& named : network->NamedTensors()) {
    EXPECT_TRUE(at::isfinite(named.tensor.grad()).all().item<bool>()) << named.name;
  }
}

TEST(CosineLinearTest, TheScaleIsLearnt) {
  const auto network = OneOpNetwork(CosineLinear{.in_features = 3, .out_features = 2},
                                    {{.name = "x", .shape = {3}}});
  RunOneOp(*network, {at::ones({1, 3})}).square().sum().backward();
  const NamedTensor scale = network->NamedTensors()[1];
  EXPECT_EQ(scale.name, "op.scale");
  EXPECT_FALSE(scale.decays);
  EXPECT_GT(scale.tensor.grad().abs().item<double>(), 0);
}

}  // namespace
}  // namespace graft::nn
