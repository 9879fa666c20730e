#include "core/model/drift.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/model/model_description.h"

namespace graft::model {
namespace {

using ::testing::HasSubstr;

DriftRecord Example() {
  return {.pictures = {{.of = "brightness",
                        .edges = {0.25, 0.5},
                        .counts = {10, 12, 9},
                        .mean = 0.4,
                        .deviation = 0.125}},
          .answers = {{.counts = {21, 19}}, {.counts = {0, 40}}},
          .held_out = true};
}

TEST(DriftRecordTest, SurvivesTheWayThroughJson) {
  const auto back = DriftRecordFromJson(DriftRecordToJson(Example()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, Example());
  EXPECT_EQ(*DriftRecordFromJson(DriftRecordToJson({})), DriftRecord());
}

TEST(DriftRecordTest, RefusesWhatIsMissingOrWrong) {
  const auto whole = nlohmann::json::parse(DriftRecordToJson(Example()));
  const auto wrong = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json json = whole;
    json[nlohmann::json::json_pointer(pointer)] = value;
    const auto parsed = DriftRecordFromJson(json.dump());
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << pointer << value;
    EXPECT_THAT(parsed.status().message(), HasSubstr("drift")) << pointer;
  };
  wrong("/answers/0/counts", nlohmann::json::array());
  wrong("/answers/0/counts", {0, 0});
  wrong("/answers/0/counts", {-1, 5});
  wrong("/answers/0/counts", {int64_t{1} << 40, 5});
  wrong("/answers/0/counts", "many");
  wrong("/answers", 3);
  wrong("/pictures/0/counts", {1, 2});
  wrong("/pictures/0/edges", {0.5, 0.5});
  wrong("/pictures/0/edges", {0.5, 0.25});
  wrong("/pictures/0/edges", {0.5, nullptr});
  wrong("/pictures/0/deviation", -1);
  wrong("/pictures/0/mean", nullptr);
  wrong("/held_out", 7);
  for (const auto& [name, unused] : whole.items()) {
    nlohmann::json part = whole;
    part.erase(name);
    EXPECT_THAT(DriftRecordFromJson(part.dump()).status().message(), HasSubstr(name));
  }
  EXPECT_FALSE(DriftRecordFromJson("no json").ok());
}

TEST(DriftRecordTest, NumbersFallIntoTheBinTheyAreAtMostTheEdgeOf) {
  const Distribution of = Example().pictures[0];
  EXPECT_EQ(BinOf(of, -9), 0u);
  EXPECT_EQ(BinOf(of, 0.25), 0u);
  EXPECT_EQ(BinOf(of, 0.26), 1u);
  EXPECT_EQ(BinOf(of, 9), 2u);
}

TEST(DriftRecordTest, KindsAreTheirOwnBins) {
  const Distribution of = {.counts = {1, 2, 3}};
  EXPECT_EQ(Total(of), 6);
  EXPECT_EQ(BinOf(of, 0), 0u);
  EXPECT_EQ(BinOf(of, 1), 1u);
  EXPECT_EQ(BinOf(of, 2), 2u);
  EXPECT_EQ(BinOf(of, 7), 2u);
  EXPECT_EQ(BinOf(of, -1), 2u);
}

TEST(DriftRecordTest, ADescriptionCarriesItWhereThereIsOne) {
  ModelDescription description;
  description.backbone = "tiny";
  description.backbone_digest = std::string(64, 'a');
  description.cut_point = "top";
  description.head = {HeadKind::kLinear, {8, 4, 4}, 0, 0, 2};
  description.task = "classification";
  description.outputs = "{}";
  EXPECT_FALSE(nlohmann::json::parse(ModelDescriptionToJson(description)).contains("drift"));
  EXPECT_EQ(ModelDescriptionFromJson(ModelDescriptionToJson(description))->drift, std::nullopt);
  description.drift = Example();
  const auto back = ModelDescriptionFromJson(ModelDescriptionToJson(description));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->drift, description.drift);
  auto broken = nlohmann::json::parse(ModelDescriptionToJson(description));
  broken["drift"]["answers"][0].erase("counts");
  EXPECT_THAT(ModelDescriptionFromJson(broken.dump()).status().message(), HasSubstr("drift"));
}

}  // namespace
}  // namespace graft::model
