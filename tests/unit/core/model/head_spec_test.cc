#include "core/model/head_spec.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace graft {
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
}  // namespace graft
