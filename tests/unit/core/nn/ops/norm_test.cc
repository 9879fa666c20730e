#include "core/nn/ops/norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/ops/one_op.h"

namespace graft::nn {
namespace {

TEST(LayerNormTest, NormalisesEachToken) {
  const auto network =
      OneOpNetwork(LayerNorm{.features = 8, .epsilon = 1e-3}, {{.name = "x", .shape = {3, 8}}});
  const at::Tensor weight = at::arange(8, at::kFloat) / 4;
  const at::Tensor bias = 1 - at::arange(8, at::kFloat);
  ASSERT_TRUE(network->SetTensor("op.weight", weight).ok());
  ASSERT_TRUE(network->SetTensor("op.bias", bias).ok());
  const at::Tensor x = at::cos(at::arange(48, at::kFloat)).view({2, 3, 8});
  const at::Tensor mean = x.mean(2, true);
  const at::Tensor variance = (x - mean).square().mean(2, true);
  const at::Tensor expected = (x - mean) / at::sqrt(variance + 1e-3) * weight + bias;
  EXPECT_TRUE(at::allclose(RunOneOp(*network, {x}), expected, 1e-5, 1e-6));
}

TEST(BatchNorm2dTest, MovesItsStatisticsAndCountsOnlyWhenAsked) {
  const auto network = OneOpNetwork(BatchNorm2d{.channels = 1, .momentum = 0.25},
                                    {{.name = "x", .shape = {1, 1, 2}}});
  const at::Tensor x = at::arange(4, at::kFloat).view({2, 1, 1, 2});  // mean 1.5, variance 5/3
  const auto tensor = [&](int slot) { return network->NamedTensors()[slot].tensor.item<double>(); };
  network->SetTraining(true, /*update_batch_norm=*/false);
  RunOneOp(*network, {x});
  EXPECT_EQ(tensor(2), 0);
  EXPECT_EQ(tensor(4), 0);
  network->SetTraining(true, /*update_batch_norm=*/true);
  RunOneOp(*network, {x});
  EXPECT_FLOAT_EQ(tensor(2), 0.25 * 1.5);
  EXPECT_FLOAT_EQ(tensor(3), 0.75 + 0.25 * 5 / 3);
  EXPECT_EQ(tensor(4), 1);
}

}  // namespace
}  // namespace graft::nn
