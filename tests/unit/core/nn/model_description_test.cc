#include "core/nn/model_description.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace graft {
namespace {

using ::testing::HasSubstr;

ModelDescription Example() {
  ModelDescription description;
  description.backbone = "efficientnet_lite0";
  description.backbone_digest = std::string(64, 'a');
  description.cut_point = "conv_head";
  description.changed_stages = {"blocks.6", "conv_head"};
  description.head = {HeadKind::kArticle, 512, 7, 7, 256, 0.5, 2};
  description.labels = {"cat", "d\u00f8g"};
  return description;
}

TEST(ModelDescriptionTest, SurvivesTheWayThroughJson) {
  ModelDescription description = Example();
  description.temperature = 1.5;
  const auto back = ModelDescriptionFromJson(ModelDescriptionToJson(description));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->backbone, description.backbone);
  EXPECT_EQ(back->backbone_digest, description.backbone_digest);
  EXPECT_EQ(back->cut_point, description.cut_point);
  EXPECT_EQ(back->changed_stages, description.changed_stages);
  EXPECT_EQ(back->head, description.head);
  EXPECT_EQ(back->input, description.input);
  EXPECT_EQ(back->labels, description.labels);
  EXPECT_EQ(back->temperature, description.temperature);
  EXPECT_FALSE(
      ModelDescriptionFromJson(ModelDescriptionToJson(Example()))->temperature.has_value());
}

TEST(ModelDescriptionTest, EveryMissingPartIsNamed) {
  const auto whole = nlohmann::json::parse(ModelDescriptionToJson(Example()));
  for (const auto& [name, unused] : whole.items()) {
    nlohmann::json part = whole;
    part.erase(name);
    const auto parsed = ModelDescriptionFromJson(part.dump());
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(parsed.status().message(), HasSubstr(name));
  }
}

TEST(ModelDescriptionTest, RefusesWhatDoesNotGoTogether) {
  ModelDescription description = Example();
  description.labels.pop_back();
  EXPECT_THAT(ValidateModelDescription(description).message(), HasSubstr("1 labels for 2 classes"));
  description = Example();
  description.labels[1] = "cat";
  EXPECT_THAT(ValidateModelDescription(description).message(), HasSubstr("twice"));
  description = Example();
  description.head.height = int64_t{1} << 40;
  EXPECT_FALSE(ValidateModelDescription(description).ok());
  description = Example();
  description.backbone_digest = "../../etc";
  EXPECT_THAT(ValidateModelDescription(description).message(), HasSubstr("backbone_digest"));
  EXPECT_FALSE(ModelDescriptionFromJson("[]").ok());
  EXPECT_FALSE(ModelDescriptionFromJson("not json").ok());
}

// Each size alone is in range; building the layer would take gigabytes.
TEST(HeadSpecTest, TheLayersTogetherAreBounded) {
  EXPECT_TRUE(ValidateHeadSpec({HeadKind::kLinear, 1 << 17, 1, 1, 0, 0, 1 << 10}).ok());
  EXPECT_FALSE(ValidateHeadSpec({HeadKind::kLinear, 1 << 17, 1, 1, 0, 0, (1 << 10) + 1}).ok());
  EXPECT_TRUE(ValidateHeadSpec({HeadKind::kArticle, 512, 7, 7, 4'096, 0.5, 1'000}).ok());
  EXPECT_FALSE(ValidateHeadSpec({HeadKind::kArticle, 512, 7, 7, 65'536, 0.5, 2}).ok());
  EXPECT_FALSE(ValidateHeadSpec({HeadKind::kMlp, 2, 1, 1, 1 << 24, 0, 1 << 24}).ok());
}

TEST(HeadSpecTest, OnlyTheArticleHeadReadsTheWholeMap) {
  HeadSpec spec{HeadKind::kLinear, 512, 7, 7, 0, 0, 2};
  EXPECT_EQ(spec.inputs(), 512);
  spec.kind = HeadKind::kArticle;
  EXPECT_EQ(spec.inputs(), 512 * 49);
}

}  // namespace
}  // namespace graft
