#include "core/evaluation/classification_report.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kNames = {"ant", "bee", "cat"};
const std::vector<int> kLabels = {0, 0, 0, 1, 1, 2, 2, 2, 2, 1};
const std::vector<float> kProbabilities = {.7f, .2f, .1f,  .5f,  .3f, .2f,  .2f,  .5f,  .3f, .1f,
                                           .8f, .1f, .3f,  .3f,  .4f, .05f, .05f, .9f,  .1f, .2f,
                                           .7f, .4f, .35f, .25f, .2f, .2f,  .6f,  .25f, .5f, .25f};

// The numbers come from scikit-learn 1.9 (confusion_matrix, precision_recall_fscore_support,
// f1_score, log_loss) on the same arrays; the calibration error from the formula in numpy.
TEST(ClassificationReportTest, AgreesWithScikitLearn) {
  const auto report = EvaluateClassification(kProbabilities, kLabels, kNames, "test");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->confusion, ElementsAre(2, 1, 0, 0, 2, 1, 1, 0, 3));
  EXPECT_DOUBLE_EQ(report->accuracy, 0.7);
  EXPECT_NEAR(report->macro_f1, 0.6944444444444443, 1e-12);
  EXPECT_NEAR(report->loss, 0.713867901761531, 1e-6);
  EXPECT_NEAR(report->calibration_error, 0.26, 1e-6);
  EXPECT_EQ(report->images, 10);
  EXPECT_EQ(report->split, "test");
  ASSERT_EQ(report->classes.size(), 3u);
  EXPECT_EQ(report->classes[2].class_name, "cat");
  EXPECT_DOUBLE_EQ(report->classes[2].precision, 0.75);
  EXPECT_DOUBLE_EQ(report->classes[2].recall, 0.75);
  EXPECT_DOUBLE_EQ(report->classes[2].f1, 0.75);
  EXPECT_EQ(report->classes[2].images, 4);
  EXPECT_NEAR(report->classes[0].precision, 2.0 / 3, 1e-12);
}

TEST(ClassificationReportTest, AClassWithoutImagesScoresZeroAndIsLeftOutOfTheMean) {
  const std::vector<float> probabilities = {.9f, .1f, 0, .2f, .8f, 0};
  const std::vector<int> labels = {0, 1};
  const auto report = EvaluateClassification(probabilities, labels, kNames, "validation");
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->classes[2].f1, 0);
  EXPECT_EQ(report->classes[2].images, 0);
  EXPECT_DOUBLE_EQ(report->macro_f1, 1.0);
}

TEST(ClassificationReportTest, ASureAndWrongAnswerCostsMuchButNotInfinity) {
  const std::vector<float> probabilities = {0, 1, 0};
  const std::vector<int> labels = {0};
  const auto report = EvaluateClassification(probabilities, labels, kNames, "test");
  ASSERT_TRUE(report.ok());
  EXPECT_GT(report->loss, 80);
  EXPECT_LT(report->loss, 100);
  EXPECT_DOUBLE_EQ(report->calibration_error, 1.0);
}

TEST(ClassificationReportTest, NoImagesGiveZeros) {
  const auto report = EvaluateClassification({}, {}, kNames, "test");
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->images, 0);
  EXPECT_EQ(report->accuracy, 0);
  EXPECT_EQ(report->calibration_error, 0);
}

TEST(ClassificationReportTest, RefusesInputThatDoesNotFit) {
  const std::vector<float> two = {.5f, .5f};
  EXPECT_THAT(EvaluateClassification(two, std::vector<int>{0}, kNames, "test").status().message(),
              HasSubstr("2 probabilities for 1 images of 3 classes"));
  const std::vector<float> three = {.5f, .5f, 0};
  EXPECT_THAT(EvaluateClassification(three, std::vector<int>{3}, kNames, "test").status().message(),
              HasSubstr("label 3"));
  const std::vector<float> nan = {std::numeric_limits<float>::quiet_NaN(), .5f, 0};
  EXPECT_THAT(EvaluateClassification(nan, std::vector<int>{0}, kNames, "test").status().message(),
              HasSubstr("probability of nan"));
}

TEST(CalibrationTest, IsZeroWhenConfidenceMeetsAccuracy) {
  const std::vector<float> confidences = {.75f, .75f, .75f, .75f};
  const bool right[] = {true, true, true, false};
  EXPECT_NEAR(ExpectedCalibrationError(confidences, right), 0.0, 1e-9);
}

}  // namespace
}  // namespace graft
