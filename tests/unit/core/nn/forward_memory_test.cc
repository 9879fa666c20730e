#include "core/nn/forward_memory.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/core/nn/tiny_network.h"

namespace graft::nn {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(ForwardMemoryTest, CountsWhatIsAliveAtOnceByHand) {
  // Floats. stem: the image (3*16*16), its copy with a row and a column more (counted as large as
  // the image), and the map of 4*8*8 that comes of it.
  const int64_t stem = 768 + 768 + 256;
  // body: its input, which the residual reads at the end; at the most the norm's map, the gate of 4
  // values and what comes of both.
  const int64_t body = 256 + 256 + 4 + 256;
  // The classifier's input, then its 4 pooled values beside the 4 flattened ones, or those beside
  // the 5 answers.
  const int64_t classifier = 256 + 4 + 5;
  const NetworkSpec tiny = TinyNetwork();
  EXPECT_EQ(PeakActivationBytes(tiny, 0, 1, 16, 16).value(), 4 * stem);
  EXPECT_EQ(PeakActivationBytes(tiny, 1, 2, 16, 16).value(), 4 * body);
  EXPECT_EQ(PeakActivationBytes(tiny, 2, 3, 16, 16).value(), 4 * classifier);
  // From the image on: the caller holds it to the end.
  EXPECT_EQ(PeakActivationBytes(tiny, 0, 2, 16, 16).value(), 4 * std::max(stem, 768 + body));
  EXPECT_EQ(PeakActivationBytes(tiny, 0, 0, 16, 16).value(), 4 * 768);
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
  EXPECT_EQ(PeakActivationBytes(builder.Take(), 0, 1, 4, 4).value(), 4 * 16 * 4);
}

TEST(ForwardMemoryTest, CountsTheCopyThatUnevenPaddingMakes) {
  SpecBuilder builder("same", {3, 8, 8});
  builder.Append("one", Conv2d{.in_channels = 3,
                               .out_channels = 1,
                               .kernel = 3,
                               .stride = 2,
                               .padding_mode = Padding::kSame});
  builder.EndStage("one");
  builder.EndFeatures();
  const int64_t input = 3 * 8 * 8 * sizeof(float);
  EXPECT_EQ(PeakActivationBytes(builder.Take(), 0, 1, 8, 8).value(),
            2 * input + 4 * 4 * static_cast<int64_t>(sizeof(float)));
}

TEST(ForwardMemoryTest, CountsTokensAndTheScoresBetweenThem) {
  // Floats for 5 tokens: the ids and the mask; then, at the most, with the normalised tokens that
  // the residual reads, the attention's input, output and 2 heads of 5 x 5 scores.
  const int64_t peak = 5 + 5 + 5 * 8 + 5 * 24 + 5 * 8 + 2 * 5 * 5;
  EXPECT_EQ(PeakActivationBytes(TinyEncoder(), 0, 2, std::vector<Shape>{{5}, {5}}).value(),
            4 * peak);
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
}  // namespace graft::nn
