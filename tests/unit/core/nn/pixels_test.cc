#include "core/nn/pixels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graft::nn {
namespace {

// Every byte once in each channel: [1, 16, 16, 3].
at::Tensor EveryByte() {
  return at::arange(256, at::kByte).view({1, 16, 16, 1}).repeat({1, 1, 1, 3});
}

TEST(PixelsTest, AreScaledToTheRangeAndNormalisedByChannel) {
  const model::InputSpec input{.mean = {0.5f, 0.25f, 0.f}, .std = {0.5f, 0.25f, 1.f}};
  const at::Tensor x = NormalizePixels(EveryByte(), input);
  ASSERT_EQ(x.sizes(), (at::IntArrayRef{1, 3, 16, 16}));
  EXPECT_NEAR(x[0][0][0][0].item<float>(), -1, 1e-6);
  EXPECT_NEAR(x[0][0][15][15].item<float>(), 1, 1e-6);
  EXPECT_NEAR(x[0][1][15][15].item<float>(), 3, 1e-6);
  EXPECT_NEAR(x[0][2][3][3].item<float>(), 51 / 255., 1e-6);
}

TEST(PixelsTest, StayChannelsLastInMemory) {
  const at::Tensor x = NormalizePixels(EveryByte(), model::InputSpec{});
  EXPECT_TRUE(x.is_contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace
}  // namespace graft::nn
