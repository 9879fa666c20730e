#include "core/tasks/regression/report.h"

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/unit/core/tasks/task_goldens.h"

namespace graft::tasks {
namespace {

const std::vector<std::string> kNames = {"age", "grade"};
const std::vector<NumberScale> kScales = {{40, 12}, {-3, 0.5}};

at::Tensor Standardised(const std::vector<double>& values) {
  return ((at::tensor(values).view({-1, 2}) - at::tensor({40.0, -3.0})) / at::tensor({12.0, 0.5}))
      .to(at::kFloat);
}

TEST(RegressionReportTest, AgreesWithScikitLearnInTheUsersUnits) {
  const RegressionLoss loss(2, RegressionLossKind::kHuber, 1);
  RegressionEvaluation evaluation(&kNames, &kScales, &loss);
  const at::Tensor outputs = Standardised(goldens::kPredicted);
  const at::Tensor targets = Standardised(goldens::kActual);
  evaluation.Add(outputs.slice(0, 0, 4), targets.slice(0, 0, 4));
  evaluation.Add(outputs.slice(0, 4), targets.slice(0, 4));
  const RegressionReport report = evaluation.Full("test");
  ASSERT_EQ(report.numbers.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(report.numbers[i].name, kNames[i]);
    EXPECT_NEAR(report.numbers[i].mean_absolute_error, goldens::kMeanAbsoluteError[i], 1e-5);
    EXPECT_NEAR(report.numbers[i].root_mean_squared_error, goldens::kRootMeanSquaredError[i], 1e-5);
    EXPECT_NEAR(report.numbers[i].r2, goldens::kR2[i], 1e-5);
  }
  EXPECT_NEAR(report.r2, (goldens::kR2[0] + goldens::kR2[1]) / 2, 1e-5);
  EXPECT_NEAR(report.loss, loss.Mean(outputs, targets).item<double>(), 1e-6);
  EXPECT_EQ(report.images, 9);
  // Of numbers in different units the figures are in deviations.
  EXPECT_NEAR(*FindFigure(evaluation.Read(), "mean_absolute_error"),
              (goldens::kMeanAbsoluteError[0] / 12 + goldens::kMeanAbsoluteError[1] / 0.5) / 2,
              1e-6);
  const auto json = nlohmann::json::parse(evaluation.Report("test").json);
  EXPECT_EQ(json["numbers"][1]["name"], "grade");
  EXPECT_EQ(json["split"], "test");
}

TEST(RegressionReportTest, TheFiguresOfOneNumberAreInItsUnits) {
  const std::vector<std::string> names = {"age"};
  const std::vector<NumberScale> scales = {{40, 10}};
  const RegressionLoss loss(1, RegressionLossKind::kSquared, 1);
  RegressionEvaluation evaluation(&names, &scales, &loss);
  evaluation.Add(at::tensor({1.f, -1.f}).view({2, 1}), at::tensor({0.f, -1.f}).view({2, 1}));
  EXPECT_NEAR(*FindFigure(evaluation.Read(), "mean_absolute_error"), 5, 1e-6);
}

TEST(RegressionReportTest, NothingAddedGivesZeros) {
  const RegressionLoss loss(2, RegressionLossKind::kHuber, 1);
  const TaskReport report = RegressionEvaluation(&kNames, &kScales, &loss).Report("test");
  EXPECT_EQ(report.examples, 0);
  EXPECT_EQ(FindFigure(report.figures, "r2"), 0);
}

}  // namespace
}  // namespace graft::tasks
