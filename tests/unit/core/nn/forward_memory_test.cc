#include "core/nn/forward_memory.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/tiny_network.h"

namespace graft {
namespace {

using testing::ElementsAre;

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(ForwardMemoryTest, CountsWhatIsAliveAtOnceByHand) {
  // Floats. stem: the image (3*16*16), then two maps of 4*8*8 at a time.
  const int64_t stem = 768 + 2 * 256;
  // body: its input, which the residual reads at the end; at the most the norm's map, the gate of 4
  // values and what comes of both.
  const int64_t body = 256 + 256 + 4 + 256;
  // The classifier's input, then its 4 pooled values beside the 4 flattened ones, or those beside
  // the 5 answers.
  const int64_t classifier = 256 + 4 + 5;
  EXPECT_THAT(PeakActivationBytes(TinyNetwork(), 16, 16).value(),
              ElementsAre(4 * stem, 4 * body, 4 * classifier));
}

TEST(ForwardMemoryTest, ASkipConnectionStaysAliveUntilItIsRead) {
  SpecBuilder builder("skip", Shape{1, 4, 4});
  const Conv2d same{.in_channels = 1, .out_channels = 1, .kernel = 3, .padding = 1};
  const int first = builder.Append("a", same);
  builder.Append("b", same);
  builder.Append("c", same);
  builder.Append("", Add{}, {builder.last(), first});
  builder.EndStage("all");
  builder.EndFeatures();
  // The input, the skip, and two of the chain: four maps of 16 floats.
  EXPECT_THAT(PeakActivationBytes(builder.Take(), 4, 4).value(), ElementsAre(4 * 16 * 4));
}

TEST(ForwardMemoryTest, TheBatchIsAPowerOfTwoThatStaysWithinTheBound) {
  EXPECT_EQ(ForwardBatch(0), 32);
  EXPECT_EQ(ForwardBatch(8 * kMiB), 32);
  EXPECT_EQ(ForwardBatch(8 * kMiB + 1), 16);
  EXPECT_EQ(ForwardBatch(25 * kMiB), 8);
  EXPECT_EQ(ForwardBatch(256 * kMiB), 1);
  EXPECT_EQ(ForwardBatch(1'000 * kMiB), 1) << "one image has to go through";
}

}  // namespace
}  // namespace graft
