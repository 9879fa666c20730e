#include "core/tasks/classification/report.h"

#include <cmath>

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const std::vector<std::string> kNames = {"ant", "bee", "cat"};
const std::vector<int64_t> kLabels = {0, 0, 0, 1, 1, 2, 2, 2, 2, 1};
const std::vector<float> kProbabilities = {.7f, .2f, .1f,  .5f,  .3f, .2f,  .2f,  .5f,  .3f, .1f,
                                           .8f, .1f, .3f,  .3f,  .4f, .05f, .05f, .9f,  .1f, .2f,
                                           .7f, .4f, .35f, .25f, .2f, .2f,  .6f,  .25f, .5f, .25f};

at::Tensor Logits(const std::vector<float>& probabilities) {
  return at::tensor(probabilities).view({-1, 3}).log();
}

// The numbers come from scikit-learn 1.9 (confusion_matrix, precision_recall_fscore_support,
// f1_score, log_loss) on the same arrays; the calibration error from the formula in numpy.
TEST(ClassificationReportTest, AgreesWithScikitLearn) {
  ClassificationEvaluation evaluation(&kNames);
  // In two batches: sums do not depend on how images are batched.
  const at::Tensor logits = Logits(kProbabilities);
  const at::Tensor labels = at::tensor(kLabels);
  evaluation.Add(logits.slice(0, 0, 4), labels.slice(0, 0, 4));
  evaluation.Add(logits.slice(0, 4), labels.slice(0, 4));
  const ClassificationReport report = evaluation.Full("test");
  EXPECT_THAT(report.confusion.cells,
              ElementsAre(evaluation::ConfusionCell{0, 0, 2}, evaluation::ConfusionCell{0, 1, 1},
                          evaluation::ConfusionCell{1, 1, 2}, evaluation::ConfusionCell{1, 2, 1},
                          evaluation::ConfusionCell{2, 0, 1}, evaluation::ConfusionCell{2, 2, 3}));
  EXPECT_EQ(report.confusion.left_out, 0);
  EXPECT_DOUBLE_EQ(report.accuracy, 0.7);
  EXPECT_NEAR(report.macro_f1, 0.6944444444444443, 1e-12);
  EXPECT_NEAR(report.loss, 0.713867901761531, 1e-6);
  EXPECT_NEAR(report.calibration_error, 0.26, 1e-6);
  EXPECT_EQ(report.images, 10);
  EXPECT_EQ(report.split, "test");
  ASSERT_THAT(report.classes, SizeIs(3));
  EXPECT_EQ(report.classes[2].class_name, "cat");
  EXPECT_DOUBLE_EQ(report.classes[2].precision, 0.75);
  EXPECT_DOUBLE_EQ(report.classes[2].recall, 0.75);
  EXPECT_DOUBLE_EQ(report.classes[2].f1, 0.75);
  EXPECT_EQ(report.classes[2].images, 4);
  EXPECT_NEAR(report.classes[0].precision, 2.0 / 3, 1e-12);
}

TEST(ClassificationReportTest, AClassWithoutImagesScoresZeroAndIsLeftOutOfTheMean) {
  ClassificationEvaluation evaluation(&kNames);
  evaluation.Add(Logits({.9f, .1f, 1e-30f, .2f, .8f, 1e-30f}), at::tensor({0, 1}, at::kLong));
  const ClassificationReport report = evaluation.Full("validation");
  EXPECT_EQ(report.classes[2].f1, 0);
  EXPECT_EQ(report.classes[2].images, 0);
  EXPECT_DOUBLE_EQ(report.macro_f1, 1.0);
}

TEST(ClassificationReportTest, ASureAndWrongAnswerCostsMuchButNotInfinity) {
  ClassificationEvaluation evaluation(&kNames);
  evaluation.Add(at::tensor({-500.f, 500.f, -500.f}).view({1, 3}), at::tensor({0}, at::kLong));
  const ClassificationReport report = evaluation.Full("test");
  EXPECT_GT(report.loss, 80);
  EXPECT_LT(report.loss, 100);
  EXPECT_DOUBLE_EQ(report.calibration_error, 1.0);
}

TEST(ClassificationReportTest, NothingAddedGivesZeros) {
  const ClassificationEvaluation evaluation(&kNames);
  const TaskReport report = evaluation.Report("test");
  EXPECT_EQ(report.examples, 0);
  EXPECT_EQ(FindFigure(report.figures, "accuracy"), 0);
}

TEST(ClassificationReportTest, TheJsonHasTheFieldsOfTheMessageAndTheCardNoConfusion) {
  ClassificationEvaluation evaluation(&kNames);
  evaluation.Add(Logits(kProbabilities), at::tensor(kLabels));
  const TaskReport report = evaluation.Report("test");
  const auto json = nlohmann::json::parse(report.json);
  EXPECT_EQ(json["confusion"]["cells"].size(), 6u);
  EXPECT_EQ(json["confusion"]["cells"][1],
            (nlohmann::json{{"true_class", 0}, {"predicted_class", 1}, {"images", 1}}));
  EXPECT_EQ(json["classes"][0]["class_name"], "ant");
  EXPECT_EQ(json["split"], "test");
  const auto card = nlohmann::json::parse(report.card_json);
  EXPECT_FALSE(card.contains("confusion"));
  EXPECT_EQ(card["classes"][0]["class"], "ant");
  EXPECT_EQ(card["accuracy"], json["accuracy"]);
}

// A dense matrix of so many classes would take 80 GB.
TEST(ClassificationReportTest, AHundredThousandClassesTakeMemoryByTheImage) {
  constexpr int64_t kClasses = 100'000;
  std::vector<std::string> names;
  for (int64_t c = 0; c < kClasses; ++c) names.push_back(std::to_string(c));
  ClassificationEvaluation evaluation(&names);
  for (int64_t i = 0; i < 3; ++i) {
    at::Tensor logits = at::zeros({1, kClasses});
    logits[0][kClasses - 1 - i] = 50.f;
    evaluation.Add(logits, at::tensor({kClasses - 1}, at::kLong));
  }
  const ClassificationReport report = evaluation.Full("test");
  EXPECT_THAT(report.confusion.cells, SizeIs(3));
  EXPECT_NEAR(report.accuracy, 1.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(report.classes.back().precision, 1.0);
  EXPECT_DOUBLE_EQ(report.macro_f1, 0.5 / 3);
}

}  // namespace
}  // namespace graft::tasks
