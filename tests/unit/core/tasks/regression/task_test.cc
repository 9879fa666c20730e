#include "core/tasks/regression/task.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/data/dataset_manifest.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RegressionTaskTest, TakesItsTargetsFromTheNumbersOfADataset) {
  data::DatasetManifest dataset;
  dataset.targets = data::TargetKind::kNumbers;
  dataset.numbers = {"age", "height"};
  dataset.entries.emplace_back().numbers = {3, 100};
  dataset.entries.emplace_back().numbers = {5, 120};
  const auto task = RegressionTask::Create(dataset, {});
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ((*task)->outputs(), 2);
  ASSERT_TRUE((*task)->LearnFrom({0, 1}).ok());
  EXPECT_TRUE(at::allclose((*task)->targets(), at::tensor({-1.f, -1.f, 1.f, 1.f}).view({2, 2})));
}

TEST(RegressionTaskTest, MeanAndDeviationAreThoseOfTheTrainingPartAndTravelWithTheOutputs) {
  const auto task = RegressionTask::Create({"age"}, {{10}, {30}, {1000}}, {});
  ASSERT_TRUE(task.ok());
  ASSERT_TRUE((*task)->LearnFrom({0, 1}).ok());
  EXPECT_DOUBLE_EQ((*task)->scales()[0].mean, 20);
  EXPECT_DOUBLE_EQ((*task)->scales()[0].deviation, 10);
  EXPECT_FLOAT_EQ((*task)->targets()[2][0].item<float>(), 98);
  const auto outputs = nlohmann::json::parse((*task)->OutputsJson());
  EXPECT_EQ(outputs["numbers"][0],
            (nlohmann::json{{"name", "age"}, {"mean", 20.0}, {"deviation", 10.0}}));
}

// Years since 0 in float32 would lose what tells them apart.
TEST(RegressionTaskTest, NumbersFarFromZeroLoseNothing) {
  const auto task = RegressionTask::Create({"time"}, {{1.7e9}, {1.7e9 + 1}, {1.7e9 + 2}}, {});
  ASSERT_TRUE(task.ok());
  ASSERT_TRUE((*task)->LearnFrom({0, 1, 2}).ok());
  EXPECT_NEAR((*task)->targets()[2][0].item<double>(), std::sqrt(1.5), 1e-5);
}

TEST(RegressionTaskTest, RefusesWhatIsNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(RegressionTask::Create({"age"}, {{1}, {nan}}, {}).status().message(),
              HasSubstr("not finite"));
  EXPECT_THAT(RegressionTask::Create({"age"}, {{1, 2}}, {}).status().message(),
              HasSubstr("has 2 numbers, not 1"));
  EXPECT_FALSE(RegressionTask::Create({}, {}, {}).ok());
  // Too far apart for float32 once standardised.
  const auto apart = RegressionTask::Create({"age"}, {{1}, {2}, {1e300}}, {});
  ASSERT_TRUE(apart.ok());
  EXPECT_EQ((*apart)->LearnFrom({0, 1}).code(), absl::StatusCode::kInvalidArgument);
}

TEST(RegressionTaskTest, AConstantNumberIsWarnedOfAndDoesNoHarm) {
  const auto task = RegressionTask::Create({"age"}, {{7}, {7}, {8}}, {});
  ASSERT_TRUE(task.ok());
  ASSERT_TRUE((*task)->LearnFrom({0, 1}).ok());
  std::vector<std::string> codes;
  for (const TrainingWarning& warning : (*task)->Warnings({0, 1}, {2})) {
    codes.push_back(warning.code);
  }
  EXPECT_THAT(codes, ElementsAre("CONSTANT_TARGET", "TOO_FEW_IMAGES"));
  EXPECT_FLOAT_EQ((*task)->targets()[2][0].item<float>(), 1);
}

TEST(RegressionTaskTest, CalibratesRangesByTheErrorsOfTheValidationPart) {
  const auto task = RegressionTask::Create({"age", "size"}, {{1, 5}, {3, 9}}, {});
  ASSERT_TRUE(task.ok());
  ASSERT_TRUE((*task)->LearnFrom({0, 1}).ok());
  EXPECT_TRUE(RegressionOutputsFromJson((*task)->OutputsJson())->conformal.empty());
  ASSERT_TRUE((*task)
                  ->Calibrate(at::tensor({1.f, 2.f, 0.f, 0.f}).view({2, 2}),
                              at::tensor({1.5f, 0.f, 2.f, -1.f}).view({2, 2}))
                  .ok());
  const RegressionOutputs outputs = RegressionOutputsFromJson((*task)->OutputsJson()).value();
  ASSERT_EQ(outputs.conformal.size(), 2u);
  EXPECT_THAT(outputs.conformal[0].scores, ElementsAre(0.5f, 2.f));
  EXPECT_THAT(outputs.conformal[1].scores, ElementsAre(1.f, 2.f));
}

}  // namespace
}  // namespace graft::tasks
