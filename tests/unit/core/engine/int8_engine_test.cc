#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/engine/activation_recorder.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/eager/recording_engine.h"
#include "core/engine/openvino/compiled_segment.h"
#include "core/engine/openvino/openvino_engine.h"
#include "tests/unit/core/engine/random_segment.h"

namespace graft::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kRows = 8;
// Of the largest output: 8 bits are steps of 1/256 of a range, and a few layers' add up.
constexpr float kTolerance = 0.05f;

// Plain, depthwise and grouped convolutions, norms, a shortcut.
nn::NetworkSpec Convolutions() {
  nn::SpecBuilder builder("small", {3, 24, 24});
  builder.Append("stem", nn::Conv2d{.in_channels = 3,
                                    .out_channels = 16,
                                    .kernel = 3,
                                    .stride = 2,
                                    .padding_mode = nn::Padding::kSame,
                                    .bias = false});
  builder.Append("stem_norm", nn::BatchNorm2d{16});
  const int relu = builder.Append("", nn::Activation{nn::ActivationKind::kRelu6});
  builder.Append("depth", nn::Conv2d{.in_channels = 16,
                                     .out_channels = 16,
                                     .kernel = 3,
                                     .padding = 1,
                                     .groups = 16,
                                     .bias = false});
  builder.Append("depth_norm", nn::BatchNorm2d{16});
  builder.Append("", nn::Activation{nn::ActivationKind::kSilu});
  builder.Append("point", nn::Conv2d{.in_channels = 16, .out_channels = 16});
  builder.Append("", nn::Add{}, {builder.last(), relu});
  builder.Append(
      "groups",
      nn::Conv2d{.in_channels = 16, .out_channels = 32, .kernel = 3, .padding = 1, .groups = 2});
  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("", nn::Flatten{});
  builder.EndStage("all");
  builder.EndFeatures();
  return builder.Take();
}

nn::NetworkSpec Tokens() {
  nn::SpecBuilder builder("tokens", {16, 32});
  builder.Append("norm", nn::LayerNorm{32});
  builder.Append("up", nn::Linear{32, 64});
  builder.Append("", nn::Activation{nn::ActivationKind::kGelu});
  builder.Append("down", nn::Linear{64, 32});
  builder.Append("", nn::Add{}, {builder.last(), nn::kNetworkInput});
  builder.Append("", nn::TokenPool{});
  builder.EndStage("all");
  builder.EndFeatures();
  return builder.Take();
}

// `plain` with ranges of what its layers read of `rows`.
std::shared_ptr<const Segment> WithRanges(const std::shared_ptr<const Segment>& plain,
                                          const RandomRows& rows) {
  ActivationRecorder recorder;
  const auto recording = RecordingEngineFactory(&recorder).Make(plain, {});
  EXPECT_TRUE(recording.ok()) << recording.status();
  std::vector<float> out(kRows * static_cast<size_t>((*recording)->outputs()));
  EXPECT_TRUE((*recording)->Run(rows.rows(kRows), out.data()).ok());
  auto ranged = std::make_shared<Segment>(*plain);
  ranged->ranges = recorder.Ranges().value();
  return ranged;
}

std::vector<std::string> NamesOf(const std::vector<model::ActivationRange>& ranges) {
  std::vector<std::string> names;
  for (const model::ActivationRange& range : ranges) names.push_back(range.node);
  return names;
}

TEST(RecordingEngine, AnswersAsLibTorchAndSeesWhatLayersRead) {
  model::InputSpec pixels;
  pixels.height = pixels.width = 24;
  const auto segment = MakeRandomSegment(Convolutions(), 3, pixels);
  const RandomRows rows = MakeRandomRows(*segment, kRows, 5);
  ActivationRecorder recorder;
  const auto recording = RecordingEngineFactory(&recorder).Make(segment, {});
  const auto eager = EagerEngineFactory().Make(segment, {});
  ASSERT_TRUE(recording.ok() && eager.ok()) << recording.status() << eager.status();
  ExpectSameAnswers(**eager, **recording, rows, kRows, 1e-5f);
  const auto ranges = recorder.Ranges();
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  EXPECT_THAT(NamesOf(*ranges), ElementsAre("stem", "depth", "point", "groups"));
  EXPECT_LT((*ranges)[0].low, -1);  // normalised pixels
  EXPECT_EQ((*ranges)[1].low, 0);   // behind ReLU6
  EXPECT_LE((*ranges)[1].high, 6.01f);
  EXPECT_LT((*ranges)[2].low, 0);  // behind SiLU, which is -0.28 at least
  EXPECT_GT((*ranges)[2].low, -0.5f);
}

TEST(ActivationRecorder, NamesALayerThatReadsNoNumbers) {
  ActivationRecorder recorder;
  recorder.Add("sound", {1.f});
  recorder.Add("silent", {0.f});
  EXPECT_THAT(NamesOf(recorder.Ranges().value()), ElementsAre("sound"));
  recorder.Add("lost", {std::numeric_limits<float>::quiet_NaN()});
  const absl::Status status = recorder.Ranges().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("\"lost\""));
}

class Int8Engine : public ::testing::Test {
 protected:
  void SetUp() override {
    const absl::Status available = CompiledSegment::Available(Precision::kInt8);
    if (available.ok()) return;
    EXPECT_EQ(available.code(), absl::StatusCode::kUnimplemented);
    GTEST_SKIP() << available;
  }

  // Close to float32, something else, and by layers of 8 bits.
  static void ExpectInEightBits(const std::shared_ptr<const Segment>& plain, int layers) {
    const RandomRows rows = MakeRandomRows(*plain, kRows, 5);
    const auto ranged = WithRanges(plain, rows);
    const auto made = OpenVinoEngineFactory(0, Precision::kInt8).Make(ranged, {.threads = 2});
    const auto eager = EagerEngineFactory().Make(plain, {});
    ASSERT_TRUE(made.ok() && eager.ok()) << made.status() << eager.status();
    EXPECT_EQ((*made)->precision(), Precision::kInt8);
    ExpectSameAnswers(**eager, **made, rows, kRows, kTolerance);
    ExpectSameAnswers(**eager, **made, rows, 1, kTolerance);
    std::vector<float> theirs(kRows * static_cast<size_t>((*eager)->outputs()));
    std::vector<float> ours(theirs.size());
    ASSERT_TRUE((*eager)->Run(rows.rows(kRows), theirs.data()).ok());
    ASSERT_TRUE((*made)->Run(rows.rows(kRows), ours.data()).ok());
    float difference = 0;
    for (size_t i = 0; i < ours.size(); ++i) {
      difference = std::max(difference, std::abs(ours[i] - theirs[i]));
    }
    EXPECT_GT(difference, 1e-4f);

    const auto compiled = CompiledSegment::Compile(ranged, {.precision = Precision::kInt8});
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    EXPECT_EQ((*compiled)->CountLayersInEightBits(), layers);
    const auto exact = CompiledSegment::Compile(ranged, {});
    ASSERT_TRUE(exact.ok()) << exact.status();
    EXPECT_EQ((*exact)->CountLayersInEightBits(), 0);
  }
};

TEST_F(Int8Engine, ComputesConvolutionsInEightBits) {
  model::InputSpec pixels;
  pixels.height = pixels.width = 24;
  ExpectInEightBits(MakeRandomSegment(Convolutions(), 3, pixels), 4);
}

TEST_F(Int8Engine, ComputesLinearLayersInEightBits) {
  ExpectInEightBits(MakeRandomSegment(Tokens(), 3), 2);
}

// What has no range stays as it is.
TEST_F(Int8Engine, TheRangesSayWhichLayers) {
  model::InputSpec pixels;
  pixels.height = pixels.width = 24;
  const auto plain = MakeRandomSegment(Convolutions(), 3, pixels);
  Segment some = *WithRanges(plain, MakeRandomRows(*plain, kRows, 5));
  some.ranges = {some.ranges[1], some.ranges[2]};
  const auto compiled = CompiledSegment::Compile(std::make_shared<const Segment>(some),
                                                 {.precision = Precision::kInt8});
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  EXPECT_EQ((*compiled)->CountLayersInEightBits(), 2);
}

TEST_F(Int8Engine, TakesLessMemoryThanFloat32) {
  model::InputSpec pixels;
  pixels.height = pixels.width = 24;
  const auto plain = MakeRandomSegment(Convolutions(), 3, pixels);
  const auto ranged = WithRanges(plain, MakeRandomRows(*plain, kRows, 5));
  const OpenVinoEngineFactory factory(0, Precision::kInt8);
  const auto made = factory.Make(ranged, {.threads = 2});
  const auto exact = OpenVinoEngineFactory().Make(ranged, {.threads = 2});
  ASSERT_TRUE(made.ok() && exact.ok());
  EXPECT_LT((*made)->bytes(), (*exact)->bytes() / 2);
  EXPECT_LE((*made)->bytes(), factory.MostBytes(TensorBytes(plain->spec), {.threads = 2}));
}

TEST_F(Int8Engine, DeclinesWhatHasNoRanges) {
  const auto made = OpenVinoEngineFactory(0, Precision::kInt8)
                        .Make(MakeRandomSegment(Tokens(), 3), {.threads = 2});
  EXPECT_EQ(made.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(made.status().message(), HasSubstr("has a range"));
}

TEST_F(Int8Engine, RefusesRangesOfNoLayer) {
  Segment segment = *MakeRandomSegment(Tokens(), 3);
  segment.ranges = {{"norm", -1, 1}};
  const auto made = OpenVinoEngineFactory(0, Precision::kInt8)
                        .Make(std::make_shared<const Segment>(segment), {.threads = 2});
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft::engine
