#include "core/engine/quantized_layers.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/core/engine/random_segment.h"

namespace graft::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A convolution with its norm, one whose norm is not alone in reading it, a gate, and a head.
nn::NetworkSpec Gated() {
  nn::SpecBuilder builder("gated", {3, 8, 8});
  builder.Append("stem", nn::Conv2d{.in_channels = 3, .out_channels = 4, .bias = false});
  builder.Append("stem_norm", nn::BatchNorm2d{4});
  const int map = builder.Append("", nn::Activation{});
  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("gate", nn::Conv2d{.in_channels = 4, .out_channels = 4});
  const int gate = builder.Append("", nn::Activation{nn::ActivationKind::kSigmoid});
  const int gated = builder.Append("", nn::Multiply{}, {map, gate});
  const int shared =
      builder.Append("shared", nn::Conv2d{.in_channels = 4, .out_channels = 4}, {gated});
  const int normed = builder.Append("shared_norm", nn::BatchNorm2d{4}, {shared});
  builder.Append("", nn::Add{}, {normed, shared});
  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("", nn::Flatten{});
  builder.Append("head", nn::Linear{4, 2});
  builder.EndStage("all");
  return builder.Take();
}

std::vector<std::string> NamesOf(const nn::NetworkSpec& spec, const std::vector<int>& nodes) {
  std::vector<std::string> names;
  for (const int node : nodes) names.push_back(spec.nodes[static_cast<size_t>(node)].name);
  return names;
}

TEST(LayersToQuantize, LeavesGatesAndAnswersOut) {
  const nn::NetworkSpec spec = Gated();
  EXPECT_THAT(NamesOf(spec, LayersToQuantize(spec)), ElementsAre("stem", "shared"));
}

TEST(LayersToQuantize, TakesLinearLayersOfTokens) {
  nn::SpecBuilder builder("tokens", {6, 4});
  builder.Append("norm", nn::LayerNorm{4});
  builder.Append("up", nn::Linear{4, 8});
  builder.Append("", nn::TokenPool{});
  builder.Append("head", nn::Linear{8, 2});
  builder.EndStage("all");
  const nn::NetworkSpec spec = builder.Take();
  EXPECT_THAT(NamesOf(spec, LayersToQuantize(spec)), ElementsAre("up"));
}

TEST(QuantizedLayersOf, FoldsANormThatAloneReadsTheLayer) {
  Segment segment = *MakeRandomSegment(Gated(), 1);
  segment.ranges = {{"shared", -1, 2}, {"stem", 0, 3}};
  const auto layers = QuantizedLayersOf(segment);
  ASSERT_TRUE(layers.ok()) << layers.status();
  ASSERT_EQ(layers->size(), 2u);
  EXPECT_EQ((*layers)[0].node, 0);
  EXPECT_EQ((*layers)[0].norm, 1);
  EXPECT_EQ((*layers)[0].high, 3);
  EXPECT_EQ((*layers)[1].norm, -1);
  EXPECT_EQ((*layers)[1].low, -1);
  segment.ranges.clear();
  EXPECT_THAT(QuantizedLayersOf(segment).value(), IsEmpty());
}

TEST(QuantizedLayersOf, NamesARangeOfNoLayer) {
  for (const char* const name : {"nobody", "stem_norm"}) {
    Segment segment = *MakeRandomSegment(Gated(), 1);
    segment.ranges = {{name, 0, 1}};
    const absl::Status status = QuantizedLayersOf(segment).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(name));
  }
}

TEST(RangesIn, AreThoseOfTheSegmentInItsOrder) {
  const std::vector<model::ActivationRange> ranges = {
      {"elsewhere", 0, 1}, {"shared", 0, 2}, {"stem", 0, 3}};
  const std::vector<model::ActivationRange> found = RangesIn(Gated(), ranges);
  EXPECT_THAT(found, ElementsAre(ranges[2], ranges[1]));
}

}  // namespace
}  // namespace graft::engine
