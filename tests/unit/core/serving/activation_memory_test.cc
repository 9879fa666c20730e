#include "core/serving/activation_memory.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

// 2 channels of 4 x 4 (128 bytes), a 1 x 1 convolution to 8 channels (512), its activation (512), a
// projection back to 2 (128), and the sum with the block's input (128).
NetworkSpec Residual() {
  SpecBuilder builder("residual", {2, 4, 4});
  const int in = builder.Append("in", Conv2d{.in_channels = 2, .out_channels = 2});
  builder.EndStage("stem");
  builder.Append("wide", Conv2d{.in_channels = 2, .out_channels = 8});
  builder.Append("", Activation{});
  const int narrow = builder.Append("narrow", Conv2d{.in_channels = 8, .out_channels = 2});
  builder.Append("", Add{}, {in, narrow});
  builder.EndStage("block");
  builder.EndFeatures();
  return builder.Take();
}

TEST(ActivationMemory, CountsWhatLivesAtOneTime) {
  // Input, the stem's output for the sum, and the wide pair.
  EXPECT_EQ(PeakActivationBytes(Residual(), 2, 4, 4).value(), 128u + 128u + 512u + 512u);
  EXPECT_EQ(PeakActivationBytes(Residual(), 1, 4, 4).value(), 128u + 128u);
  EXPECT_EQ(PeakActivationBytes(Residual(), 0, 4, 4).value(), 128u);
}

TEST(ActivationMemory, GrowsWithTheImage) {
  EXPECT_EQ(PeakActivationBytes(Residual(), 2, 8, 8).value(),
            4 * PeakActivationBytes(Residual(), 2, 4, 4).value());
}

TEST(ActivationMemory, CountsTheCopyThatUnevenPaddingMakes) {
  SpecBuilder builder("same", {3, 8, 8});
  builder.Append("one", Conv2d{.in_channels = 3,
                               .out_channels = 1,
                               .kernel = 3,
                               .stride = 2,
                               .padding_mode = Padding::kSame});
  builder.EndStage("one");
  builder.EndFeatures();
  const uint64_t input = 3 * 8 * 8 * sizeof(float);
  EXPECT_EQ(PeakActivationBytes(builder.Take(), 1, 8, 8).value(),
            2 * input + 4 * 4 * sizeof(float));
}

TEST(ActivationMemory, AtLeastOneRowAndAtMostTheMaximum) {
  EXPECT_EQ(RowsWithin(100, 1000, 32), 10);
  EXPECT_EQ(RowsWithin(100, 99, 32), 1);
  EXPECT_EQ(RowsWithin(100, uint64_t{1} << 40, 32), 32);
  EXPECT_EQ(RowsWithin(0, 1000, 32), 32);
}

}  // namespace
}  // namespace graft
