#include "core/engine/quantized_weights.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

TEST(QuantizeWeights, EachChannelsLargestBecomes127) {
  const QuantizedWeights quantized =
      QuantizeWeights({1, -2, 0.5f, -0.02f, 0.005f, 0}, 2, {}, nullptr);
  EXPECT_THAT(quantized.values, ElementsAre(64, -127, 32, -127, 32, 0));
  EXPECT_THAT(quantized.scales, ElementsAre(2.f / 127, 0.02f / 127));
  EXPECT_THAT(quantized.biases, ElementsAre(0, 0));
}

TEST(QuantizeWeights, AChannelOfZerosStaysZero) {
  const QuantizedWeights quantized = QuantizeWeights({0, 0, 1e-40f, 0}, 2, {{3, 4}}, nullptr);
  EXPECT_THAT(quantized.values, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(quantized.scales, ElementsAre(1, 1));
  EXPECT_THAT(quantized.biases, ElementsAre(3, 4));
}

// norm(w x + b) = gain w x + gain b + shift, and a gain below 0 turns the weights round.
TEST(QuantizeWeights, TakesTheNormBehindIntoItself) {
  const FoldedNorm norm = FoldNorm({2, -3}, {1, 0.5f}, {4, 1}, {3, 8}, 1);
  EXPECT_THAT(norm.gains, ElementsAre(1, -1));
  EXPECT_THAT(norm.shifts, ElementsAre(-3, 1.5f));
  const QuantizedWeights quantized = QuantizeWeights({1, 0.5f, 4, -2}, 2, {{10, 20}}, &norm);
  EXPECT_THAT(quantized.values, ElementsAre(127, 64, -127, 64));
  EXPECT_THAT(quantized.scales, ElementsAre(1.f / 127, 4.f / 127));
  EXPECT_THAT(quantized.biases, Pointwise(FloatNear(1e-6f), {7.f, -18.5f}));
}

}  // namespace
}  // namespace graft::engine
