#include "core/engine/folded_segment.h"

#include <variant>

#include "gtest/gtest.h"

#include "core/engine/eager/eager_engine.h"
#include "tests/unit/core/engine/random_segment.h"

namespace graft::engine {
namespace {

int CountNorms(const Segment& segment) {
  int norms = 0;
  for (const nn::Node& node : segment.spec.nodes) {
    norms += std::holds_alternative<nn::BatchNorm2d>(node.op) ? 1 : 0;
  }
  return norms;
}

void ExpectTheSame(const std::shared_ptr<const Segment>& segment,
                   const std::shared_ptr<const Segment>& folded) {
  ASSERT_TRUE(Validate(*folded).ok()) << Validate(*folded);
  const auto expected = EagerEngineFactory().Make(segment, {});
  const auto engine = EagerEngineFactory().Make(folded, {});
  ASSERT_TRUE(expected.ok() && engine.ok()) << expected.status() << engine.status();
  ExpectSameAnswers(**expected, **engine, MakeRandomRows(*segment, 3, 5), 3, 1e-5f);
}

TEST(FoldNorms, MakesThemPartOfTheConvolutionsBefore) {
  nn::SpecBuilder builder("folds", {3, 9, 9});
  builder.Append("conv1", nn::Conv2d{3, 8, 3, 2, nn::Padding::kSame, 0, 1, /*bias=*/false});
  builder.Append("norm1", nn::BatchNorm2d{8, 1e-3});
  const int first = builder.Append("", nn::Activation{nn::ActivationKind::kRelu6});
  builder.Append("depthwise", nn::Conv2d{8, 8, 3, 1, nn::Padding::kExplicit, 1, 8, /*bias=*/true});
  builder.Append("norm2", nn::BatchNorm2d{8});
  builder.Append("", nn::Add{}, {builder.last(), first});
  builder.EndStage("all");
  builder.EndFeatures();
  const auto segment = MakeRandomSegment(builder.Take(), 1);
  const auto folded = FoldNorms(segment);
  EXPECT_EQ(CountNorms(*folded), 0);
  EXPECT_EQ(folded->spec.nodes.size(), segment->spec.nodes.size() - 2);
  ExpectTheSame(segment, folded);
}

// Where others read what the convolution gives, or a norm reads something else, or is tapped before
// it, the norm stays.
TEST(FoldNorms, LeavesThoseThatAreNotAlone) {
  nn::SpecBuilder builder("stays", {4, 7, 7});
  builder.Append("norm0", nn::BatchNorm2d{4});
  const int conv = builder.Append("conv1", nn::Conv2d{4, 4, 1});
  builder.Append("norm1", nn::BatchNorm2d{4});
  builder.Append("", nn::Add{}, {builder.last(), conv});
  builder.Append("conv2", nn::Conv2d{4, 4, 1});
  builder.AddTap("seen");
  builder.Append("norm2", nn::BatchNorm2d{4});
  builder.Append("conv3", nn::Conv2d{4, 4, 1});
  builder.Append("norm3", nn::BatchNorm2d{4});
  builder.EndStage("all");
  builder.EndFeatures();
  const auto segment = MakeRandomSegment(builder.Take(), 2);
  const auto folded = FoldNorms(segment);
  EXPECT_EQ(CountNorms(*folded), 3);
  EXPECT_EQ(folded->spec.taps.front().node, 4);
  ExpectTheSame(segment, folded);
}

TEST(FoldNorms, ReadsPixelsAsBefore) {
  model::InputSpec pixels;
  pixels.height = pixels.width = 8;
  nn::SpecBuilder builder("pixels", {3, 8, 8});
  builder.Append("conv1", nn::Conv2d{3, 4, 3, 1, nn::Padding::kExplicit, 1, 1, false});
  builder.Append("norm1", nn::BatchNorm2d{4});
  builder.EndStage("all");
  builder.EndFeatures();
  const auto segment = MakeRandomSegment(builder.Take(), 3, pixels);
  ExpectTheSame(segment, FoldNorms(segment));
}

}  // namespace
}  // namespace graft::engine
