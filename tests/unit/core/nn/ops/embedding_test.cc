#include "core/nn/ops/embedding.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/ops/one_op.h"

namespace graft::nn {
namespace {

const NetworkInput kIds{.name = "ids", .shape = {3}, .integers = true};

TEST(EmbeddingTest, LooksUpARowForEachId) {
  const auto network = OneOpNetwork(Embedding{.count = 10, .channels = 4}, {kIds});
  const at::Tensor ids = at::arange(6, at::kLong).view({2, 3}).mul(3).remainder(10);
  const at::Tensor table = network->NamedTensors().front().tensor;
  const at::Tensor expected = at::one_hot(ids, 10).to(at::kFloat).matmul(table);
  EXPECT_TRUE(at::equal(RunOneOp(*network, {ids}), expected));
}

TEST(EmbeddingTest, IdsStayIntegersWhateverTheNetworkIsMadeOf) {
  const auto network = OneOpNetwork(Embedding{.count = 1000, .channels = 4}, {kIds});
  const at::Tensor ids = at::full({1, 3}, 999, at::kLong);  // bfloat16 has no 999
  const at::Tensor row = network->NamedTensors().front().tensor[999].to(at::kBFloat16);
  network->To({.dtype = at::kBFloat16});
  EXPECT_TRUE(at::equal(RunOneOp(*network, {ids})[0][2], row));
}

}  // namespace
}  // namespace graft::nn
