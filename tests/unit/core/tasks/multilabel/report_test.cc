#include "core/tasks/multilabel/report.h"

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/unit/core/tasks/task_goldens.h"

namespace graft::tasks {
namespace {

using ::testing::SizeIs;

const std::vector<std::string> kLabels = {"beach", "boat", "sun"};
const std::vector<double> kHalves = {0.5, 0.5, 0.5};

at::Tensor GoldenLogits() {
  return at::tensor(goldens::kScores).view({14, 3}).logit().to(at::kFloat);
}
at::Tensor GoldenTruth() { return at::tensor(goldens::kTruth).view({14, 3}).to(at::kByte); }

TEST(MultilabelReportTest, AgreesWithScikitLearn) {
  MultilabelEvaluation evaluation(&kLabels, &kHalves);
  evaluation.Add(GoldenLogits().slice(0, 0, 5), GoldenTruth().slice(0, 0, 5));
  evaluation.Add(GoldenLogits().slice(0, 5), GoldenTruth().slice(0, 5));
  const MultilabelReport report = evaluation.Full("test");
  ASSERT_THAT(report.labels, SizeIs(3));
  for (size_t label = 0; label < 3; ++label) {
    EXPECT_EQ(report.labels[label].label, kLabels[label]);
    EXPECT_NEAR(report.labels[label].precision, goldens::kPrecision[label], 1e-12);
    EXPECT_NEAR(report.labels[label].recall, goldens::kRecall[label], 1e-12);
    EXPECT_NEAR(report.labels[label].f1, goldens::kF1[label], 1e-12);
    EXPECT_NEAR(report.labels[label].average_precision, goldens::kAveragePrecision[label], 1e-12);
  }
  EXPECT_NEAR(report.mean_average_precision, goldens::kMeanAveragePrecision, 1e-12);
  EXPECT_NEAR(report.micro_f1, goldens::kMicroF1, 1e-12);
  EXPECT_NEAR(report.macro_f1, goldens::kMacroF1, 1e-12);
  EXPECT_EQ(report.images, 14);
  EXPECT_NEAR(report.loss,
              at::binary_cross_entropy_with_logits(GoldenLogits(), GoldenTruth().to(at::kFloat))
                  .item<double>(),
              1e-6);
}

TEST(MultilabelReportTest, ALabelThatNoImageHasIsLeftOutOfTheMean) {
  const std::vector<std::string> labels = {"beach", "boat"};
  const std::vector<double> thresholds = {0.5, 0.5};
  MultilabelEvaluation evaluation(&labels, &thresholds);
  evaluation.Add(at::tensor({3.f, -3.f, -3.f, -2.f}).view({2, 2}),
                 at::tensor({1, 0, 0, 0}, at::kByte).view({2, 2}));
  const MultilabelReport report = evaluation.Full("test");
  EXPECT_DOUBLE_EQ(report.mean_average_precision, 1.0);
  EXPECT_DOUBLE_EQ(report.macro_f1, 1.0);
  EXPECT_EQ(report.labels[1].images, 0);
}

TEST(MultilabelReportTest, ThresholdsDecideWhatIsGiven) {
  const std::vector<std::string> labels = {"beach"};
  const std::vector<double> low = {0.2};
  MultilabelEvaluation evaluation(&labels, &low);
  evaluation.Add(at::tensor({0.3f, 0.1f}).logit().view({2, 1}),
                 at::tensor({1, 0}, at::kByte).view({2, 1}));
  EXPECT_DOUBLE_EQ(evaluation.Full("test").labels[0].f1, 1.0);
  const auto json = nlohmann::json::parse(evaluation.Report("test").json);
  EXPECT_EQ(json["labels"][0]["threshold"], 0.2);
  EXPECT_EQ(json["labels"][0]["label"], "beach");
  EXPECT_EQ(json["images"], 2);
}

TEST(MultilabelReportTest, NothingAddedGivesZeros) {
  const MultilabelEvaluation evaluation(&kLabels, &kHalves);
  const TaskReport report = evaluation.Report("test");
  EXPECT_EQ(report.examples, 0);
  EXPECT_EQ(FindFigure(report.figures, "mean_average_precision"), 0);
}

}  // namespace
}  // namespace graft::tasks
