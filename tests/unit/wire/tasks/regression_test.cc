#include "wire/tasks/regression.h"

#include <limits>

#include <gmock/gmock.h>

#include "core/tasks/regression/decoder.h"
#include "wire/tasks/catalog.h"

namespace graft::wire {
namespace {

using ::testing::HasSubstr;

data::DatasetManifest Manifest(const std::vector<double>& ages) {
  data::DatasetManifest manifest;
  manifest.targets = data::TargetKind::kNumbers;
  manifest.numbers = {"age"};
  for (const double age : ages) manifest.entries.emplace_back().numbers = {age};
  return manifest;
}

TEST(RegressionWireTest, ASummaryHasTheRangeOfEachNumber) {
  data::DatasetManifest manifest = Manifest({3, 1, 8});
  manifest.entries[2].split = data::Split::kValidation;
  const auto summary = Summarise(manifest);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(TaskName(*summary), "regression");
  const v1::NumberRange& age = summary->regression().numbers(0);
  EXPECT_EQ(age.name(), "age");
  EXPECT_EQ(age.smallest(), 1);
  EXPECT_EQ(age.largest(), 8);
  EXPECT_EQ(age.mean(), 4);
  const TaskWire& wire = RegressionWire();
  EXPECT_EQ(wire.Headline(*summary), "1 number");
  EXPECT_EQ(wire.OutputsOf(*summary), 1);
  EXPECT_EQ(wire.HeldOutOf(*summary).validation_images, 1);
  EXPECT_TRUE(wire.CheckTrainable(*summary).ok());
}

TEST(RegressionWireTest, NumbersThatNeverDifferAreNothingToLearn) {
  EXPECT_THAT(std::string(RegressionWire().CheckTrainable(*Summarise(Manifest({2, 2}))).message()),
              HasSubstr("same numbers"));
}

TEST(RegressionWireTest, OutputsAndAnswersGoOverTheWire) {
  const auto outputs =
      RegressionWire().Outputs(R"({"numbers":[{"name":"age","mean":41.5,"deviation":12.5}]})");
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(outputs->regression().numbers(0).name(), "age");
  EXPECT_EQ(outputs->regression().numbers(0).mean(), 41.5);
  EXPECT_EQ(outputs->regression().numbers(0).deviation(), 12.5);
  EXPECT_FALSE(RegressionWire().Outputs("[]").ok());

  const auto answer = OutputToProto(tasks::RegressionOutput({{"age", 38.25}}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->regression().numbers(0).name(), "age");
  EXPECT_EQ(answer->regression().numbers(0).value(), 38.25);
}

// A report is JSON of the task's folder until it is here.
TEST(RegressionWireTest, AReportIsReadFromTheTasksJson) {
  tasks::TaskReport report;
  report.examples = 2;
  report.json = R"({"split":"test","images":2,"r2":0.5,
                    "numbers":[{"name":"age","mean_absolute_error":1.5,"r2":0.5}]})";
  const auto proto = ReportToProto("regression", report);
  ASSERT_TRUE(proto.ok()) << proto.status();
  EXPECT_EQ(proto->regression().numbers(0).mean_absolute_error(), 1.5);
  report.json = R"({"no_such_field":1})";
  EXPECT_EQ(ReportToProto("regression", report).status().code(), absl::StatusCode::kInternal);
}

TEST(RegressionWireTest, TheFirstAnswerIsTheNumbersInWordsAndHasNoProbability) {
  EXPECT_EQ(*FirstAnswerOf(tasks::RegressionOutput({{"age", 38.25}, {"height", 1.8}})),
            (FirstAnswer{"age 38.25, height 1.8", {}}));
  EXPECT_EQ(
      FirstAnswerOf(tasks::RegressionOutput(std::vector<tasks::NumberAnswer>(9, {"n", 1})))->text,
      "n 1, n 1, n 1, n 1");
}

}  // namespace
}  // namespace graft::wire
