#include "core/model/head_spec.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace graft::model {
namespace {

using ::testing::HasSubstr;

// Each size alone is in range; building the layer would take gigabytes.
TEST(HeadSpecTest, TheLayersTogetherAreBounded) {
  EXPECT_TRUE(ValidateHeadSpec({HeadKind::kLinear, {1 << 17, 1, 1}, 0, 0, 1 << 10}).ok());
  EXPECT_FALSE(ValidateHeadSpec({HeadKind::kLinear, {1 << 17, 1, 1}, 0, 0, (1 << 10) + 1}).ok());
  EXPECT_TRUE(ValidateHeadSpec({HeadKind::kArticle, {512, 7, 7}, 4'096, 0.5, 1'000}).ok());
  EXPECT_FALSE(ValidateHeadSpec({HeadKind::kArticle, {512, 7, 7}, 65'536, 0.5, 2}).ok());
  EXPECT_FALSE(ValidateHeadSpec({HeadKind::kMlp, {2, 1, 1}, 1 << 24, 0, 1 << 24}).ok());
}

TEST(HeadSpecTest, OneOutputIsEnough) {
  EXPECT_TRUE(ValidateHeadSpec({HeadKind::kLinear, {8, 1, 1}, 0, 0, 1}).ok());
  EXPECT_THAT(ValidateHeadSpec({HeadKind::kLinear, {8, 1, 1}, 0, 0, 0}).message(),
              HasSubstr("outputs"));
}

TEST(HeadSpecTest, OnlyTheArticleHeadReadsTheWholeMap) {
  HeadSpec spec{HeadKind::kLinear, {512, 7, 7}, 0, 0, 2};
  EXPECT_EQ(spec.inputs(), 512);
  spec.kind = HeadKind::kArticle;
  EXPECT_EQ(spec.inputs(), 512 * 49);
}

TEST(HeadSpecTest, ParametersAreWeightsAndBiases) {
  HeadSpec spec{HeadKind::kLinear, {64, 7, 7}, 0, 0, 5};
  EXPECT_EQ(spec.parameters(), 64 * 5 + 5);
  spec.kind = HeadKind::kMlp;
  spec.hidden_units = 32;
  EXPECT_EQ(spec.parameters(), 64 * 32 + 32 + 32 * 5 + 5);
}

HeadSpec OnTaps() {
  HeadSpec spec{.kind = HeadKind::kMlp, .hidden_units = 7, .outputs = 4};
  spec.taps = {{"low", {.channels = 4, .height = 8, .width = 8}},
               {"high", {.channels = 6, .height = 4, .width = 4}}};
  spec.features = JoinedFeatures(spec.taps);
  return spec;
}

TEST(HeadSpecTest, TapsLieSideBySide) {
  const HeadSpec spec = OnTaps();
  ASSERT_TRUE(ValidateHeadSpec(spec).ok()) << ValidateHeadSpec(spec);
  EXPECT_EQ(spec.inputs(), 10);
  EXPECT_EQ(spec.parameters(), 10 * 7 + 7 + 7 * 4 + 4);
  const auto read = HeadSpecFromJson(HeadSpecToJson(spec));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, spec);
  // A head without them is written as it was before there were any.
  EXPECT_EQ(HeadSpecToJson({HeadKind::kLinear, {8, 1, 1}, 0, 0, 1}).find("taps"),
            std::string::npos);
}

TEST(HeadSpecTest, TapsThatDoNotFitAreRefused) {
  const auto message = [](const HeadSpec& spec) {
    const absl::Status status = ValidateHeadSpec(spec);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  HeadSpec spec = OnTaps();
  spec.features.channels = 11;
  EXPECT_THAT(message(spec), HasSubstr("side by side"));
  spec = OnTaps();
  spec.taps[1].stage = "low";
  EXPECT_THAT(message(spec), HasSubstr("two taps"));
  spec = OnTaps();
  spec.taps[0].stage = "";
  EXPECT_THAT(message(spec), HasSubstr("no stage"));
  spec = OnTaps();
  spec.kind = HeadKind::kArticle;
  EXPECT_THAT(message(spec), HasSubstr("must be pooled"));
  spec = OnTaps();
  spec.pooling = Pooling::kClassToken;
  EXPECT_THAT(message(spec), HasSubstr("is for tokens"));
  spec = OnTaps();
  spec.taps[0].features.channels = 0;
  EXPECT_THAT(message(spec), HasSubstr("channels"));
  spec = OnTaps();
  for (int i = 0; i <= kMaxHeadTaps; ++i) {
    spec.taps.push_back({std::to_string(i), {.channels = 1, .height = 1, .width = 1}});
  }
  spec.features = JoinedFeatures(spec.taps);
  EXPECT_THAT(message(spec), HasSubstr("more than the 64"));
}

TEST(HeadSpecTest, ReadsTheEarlierNameOfOutputs) {
  const HeadSpec spec{HeadKind::kMlp, {6, 2, 3}, 7, 0.5, 4};
  auto json = nlohmann::json::parse(HeadSpecToJson(spec));
  json["classes"] = json["outputs"];
  json.erase("outputs");
  const auto read = HeadSpecFromJson(json.dump());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, spec);
}

}  // namespace
}  // namespace graft::model
