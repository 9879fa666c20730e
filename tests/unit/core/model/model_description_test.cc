#include "core/model/model_description.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace graft::model {
namespace {

using ::testing::HasSubstr;

ModelDescription Example() {
  ModelDescription description;
  description.backbone = "efficientnet_lite0";
  description.backbone_digest = std::string(64, 'a');
  description.cut_point = "conv_head";
  description.changed_stages = {"blocks.6", "conv_head"};
  description.head = {HeadKind::kArticle, {512, 7, 7}, 256, 0.5, 2};
  description.task = "classification";
  description.outputs = R"({"labels":["cat","d\u00f8g"],"temperature":1.5})";
  return description;
}

TEST(ModelDescriptionTest, SurvivesTheWayThroughJson) {
  const ModelDescription description = Example();
  const auto back = ModelDescriptionFromJson(ModelDescriptionToJson(description));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->backbone, description.backbone);
  EXPECT_EQ(back->backbone_digest, description.backbone_digest);
  EXPECT_EQ(back->cut_point, description.cut_point);
  EXPECT_EQ(back->changed_stages, description.changed_stages);
  EXPECT_EQ(back->head, description.head);
  EXPECT_EQ(back->input, description.input);
  EXPECT_EQ(back->task, description.task);
  EXPECT_EQ(nlohmann::json::parse(back->outputs), nlohmann::json::parse(description.outputs));
}

TEST(ModelDescriptionTest, CarriesItsPrecisionRecordWhereThereIsOne) {
  ModelDescription description = Example();
  EXPECT_FALSE(nlohmann::json::parse(ModelDescriptionToJson(description)).contains("precision"));
  description.precision = PrecisionRecord{
      .chosen = Precision::kBf16, .reason = "alike", .figure = "accuracy", .trials = {}};
  const auto back = ModelDescriptionFromJson(ModelDescriptionToJson(description));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->precision, description.precision);
  auto broken = nlohmann::json::parse(ModelDescriptionToJson(description));
  broken["precision"]["chosen"] = "f8";
  EXPECT_THAT(ModelDescriptionFromJson(broken.dump()).status().message(), HasSubstr("\"f8\""));
}

// What a task puts there is its own affair, whatever it looks like.
TEST(ModelDescriptionTest, KeepsOutputsOfATaskThatItDoesNotKnow) {
  ModelDescription description = Example();
  description.task = "regression";
  description.outputs = R"({"unit":"kg","bounds":[0,null],"nested":{"a":[]}})";
  const auto back = ModelDescriptionFromJson(ModelDescriptionToJson(description));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(nlohmann::json::parse(back->outputs), nlohmann::json::parse(description.outputs));
}

// As graft 0.1 wrote it, letter for letter.
TEST(ModelDescriptionTest, ReadsTheFormatOfClassifiers) {
  const std::string format_1 =
      R"({"backbone":"tiny","backbone_digest":")" + std::string(64, 'b') +
      R"(","changed_stages":["top"],"cut_point":"top","format":1,)"
      R"("head":{"channels":8,"classes":2,"dropout":0.0,"height":4,"hidden_units":0,"kind":"linear","width":4},)"
      R"("input":{"channel_order":"rgb","crop_fraction":0.875,"height":16,"interpolation":"bilinear",)"
      R"("mean":[0.5,0.5,0.5],"std":[0.25,0.25,0.25],"value_range":1.0,"width":16},)"
      R"("labels":["cat","dog"],"temperature":1.25})";
  const auto read = ModelDescriptionFromJson(format_1);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->task, "classification");
  EXPECT_EQ(nlohmann::json::parse(read->outputs),
            nlohmann::json::parse(R"({"labels":["cat","dog"],"temperature":1.25})"));
  EXPECT_EQ(read->head, (HeadSpec{HeadKind::kLinear, {8, 4, 4}, 0, 0, 2}));
  EXPECT_EQ(read->input.height, 16);
  EXPECT_THAT(read->changed_stages, testing::ElementsAre("top"));
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

TEST(ModelDescriptionTest, RefusesWhatIsMalformed) {
  ModelDescription description = Example();
  description.head.features.height = int64_t{1} << 40;
  EXPECT_FALSE(ValidateModelDescription(description).ok());
  description = Example();
  description.backbone_digest = "../../etc";
  EXPECT_THAT(ValidateModelDescription(description).message(), HasSubstr("backbone_digest"));
  for (const char* outputs : {"", "[]", "3", "{", "null"}) {
    description = Example();
    description.outputs = outputs;
    EXPECT_THAT(ValidateModelDescription(description).message(), HasSubstr("outputs")) << outputs;
  }
  for (const char* json : {"[]", "not json", "{\"format\":3}", "{\"format\":\"2\"}"}) {
    EXPECT_EQ(ModelDescriptionFromJson(json).status().code(), absl::StatusCode::kInvalidArgument)
        << json;
  }
}

}  // namespace
}  // namespace graft::model
