#include "tools/device_check/report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace graft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

CheckReport OneOfEach() {
  CheckReport report;
  report.libtorch = "2.99.0";
  report.reference = "cpu float32";
  report.subject = "cuda:0 float32";
  OpResult op;
  op.name = "Linear";
  op.tolerance = 1e-4;
  op.forward = {1e-6, 2e-6};
  report.ops.push_back(op);
  TrainingResult run;
  run.name = "CNN";
  run.loss_tolerance = run.output_tolerance = 1e-3;
  run.epochs.push_back({"head", 1, 0.5, 0.5001, 0.7, 0.7002});
  report.trainings.push_back(run);
  EngineResult engine;
  engine.name = "resnet50";
  engine.engine = "libtorch-cuda-graphs bf16";
  engine.rows = 8;
  engine.tolerance = 1e-3;
  engine.eager_ms = 9;
  engine.engine_ms = 3;
  report.engines.push_back(engine);
  return report;
}

TEST(CheckReportTest, SaysPassAtItsEndWhereAllIsWithinItsTolerance) {
  const CheckReport report = OneOfEach();
  EXPECT_EQ(report.failures(), 0);
  EXPECT_THAT(ToText(report), EndsWith("\nPASS: 3 checks\n"));
  EXPECT_THAT(ToText(report), HasSubstr("cuda:0 float32 checked against cpu float32"));
  EXPECT_THAT(ToText(report), HasSubstr("0.5001000"));
  EXPECT_THAT(ToText(report), HasSubstr("9.000     3.000    3.00 | ok"));
  EXPECT_EQ(nlohmann::json::parse(ToJson(report))["engines"][0]["rows"], 8);
  EXPECT_EQ(nlohmann::json::parse(ToJson(report))["failures"], 0);
}

TEST(CheckReportTest, SaysFailAndWhat) {
  CheckReport report = OneOfEach();
  report.ops[0].backward.relative = 0.1;
  report.trainings[0].status = absl::InternalError("no kernel");
  report.engines[0].difference.relative = 0.5;
  EXPECT_EQ(report.failures(), 3);
  EXPECT_THAT(ToText(report), EndsWith("\nFAIL: 3 of 3 checks\n"));
  EXPECT_THAT(ToText(report), HasSubstr("DIFFERS"));
  EXPECT_THAT(ToText(report), HasSubstr("FAILED: no kernel"));
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["ops"][0]["ok"], false);
  EXPECT_EQ(json["trainings"][0]["error"], "no kernel");
}

TEST(CheckReportTest, WhatIsNotFiniteIsNullInJson) {
  CheckReport report = OneOfEach();
  report.ops[0].forward.absolute = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(nlohmann::json::parse(ToJson(report))["ops"][0]["forward"]["absolute"].is_null());
}

}  // namespace
}  // namespace graft
