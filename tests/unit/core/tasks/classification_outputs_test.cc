#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/tasks/classification/outputs.h"

namespace graft::tasks {
namespace {

using ::testing::HasSubstr;

model::ModelDescription Classifier(const std::string& outputs) {
  model::ModelDescription description;
  description.task = kClassificationTask;
  description.head.outputs = 2;
  description.outputs = outputs;
  return description;
}

TEST(ClassificationOutputsTest, SurviveTheWayThroughJson) {
  for (const ClassificationOutputs& outputs :
       {ClassificationOutputs{{"cat", "d\u00f8g"}, std::nullopt},
        ClassificationOutputs{{"cat", "d\u00f8g", "\"owl\""}, 1.5}}) {
    const auto back = ClassificationOutputsFromJson(ToJson(outputs));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, outputs);
  }
}

TEST(ClassificationOutputsTest, MustGoWithTheHead) {
  EXPECT_TRUE(ClassificationOutputsOf(Classifier(R"({"labels":["a","b"]})")).ok());
  EXPECT_THAT(ClassificationOutputsOf(Classifier(R"({"labels":["a","b","c"]})")).status().message(),
              HasSubstr("3 labels for a head of 2 outputs"));
  model::ModelDescription other = Classifier(R"({"labels":["a","b"]})");
  other.task = "regression";
  EXPECT_THAT(ClassificationOutputsOf(other).status().message(), HasSubstr("regression"));
}

TEST(ClassificationOutputsTest, BadOnesAreRefused) {
  const std::pair<const char*, const char*> bad[] = {
      {R"({"labels":["a","a"]})", "twice"},
      {R"({"labels":["a"]})", "two or more"},
      {R"({"labels":[1,2]})", "string"},
      {R"({"labels":"ab"})", "array"},
      {R"({})", "labels"},
      {R"([])", ""},
      {"", ""},
      {R"({"labels":["a","b"],"temperature":0})", "temperature"},
      {R"({"labels":["a","b"],"temperature":-1})", "temperature"},
      {R"({"labels":["a","b"],"temperature":"hot"})", "number"},
  };
  for (const auto& [json, says] : bad) {
    const absl::Status status = ClassificationOutputsFromJson(json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(status.message(), HasSubstr(says)) << json;
  }
  EXPECT_FALSE(Validate({{"a", "b"}, std::numeric_limits<double>::infinity()}).ok());
}

}  // namespace
}  // namespace graft::tasks
