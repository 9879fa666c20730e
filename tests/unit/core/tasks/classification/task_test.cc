#include "core/tasks/classification/task.h"

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/data/dataset_manifest.h"

namespace graft::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ClassificationTaskTest, TakesItsTargetsFromTheClassesOfADataset) {
  data::DatasetManifest dataset;
  dataset.classes = {"ant", "bee"};
  for (int label : {1, 0, 1}) dataset.entries.emplace_back().class_index = label;
  const auto task = ClassificationTask::Create(dataset, {});
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ((*task)->outputs(), 2);
  EXPECT_TRUE(at::equal((*task)->targets(), at::tensor({1, 0, 1}, at::kLong)));
  EXPECT_TRUE(at::equal((*task)->TargetsOf({1, 2}), at::tensor({0, 1}, at::kLong)));
  EXPECT_EQ((*task)->OutputsJson(), R"({"labels":["ant","bee"]})");
}

TEST(ClassificationTaskTest, RefusesWhatItCannotLearn) {
  EXPECT_THAT(ClassificationTask::Create({"ant"}, {0, 0}, {}).status().message(),
              HasSubstr("two or more"));
  EXPECT_EQ(ClassificationTask::Create({"ant", "bee"}, {0, 2}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ClassificationTask::Create({"ant", "bee"}, {0, -1}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  data::DatasetManifest numbers;
  numbers.targets = data::TargetKind::kNumbers;
  numbers.numbers = {"age"};
  const auto status = ClassificationTask::Create(numbers, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("use task regression"));
}

TEST(ClassificationTaskTest, BalancedWeightsAreThoseOfTheTrainingPart) {
  ClassificationOptions options;
  options.class_weighting = ClassWeighting::kBalanced;
  const auto task = ClassificationTask::Create({"ant", "bee"}, {0, 0, 0, 1, 1, 1, 1}, options);
  ASSERT_TRUE(task.ok());
  ASSERT_TRUE((*task)->LearnFrom({0, 1, 2, 3}).ok());  // 3 to 1: weights 2/3 and 2
  const at::Tensor logits = at::zeros({1, 2});
  const auto rows = (*task)->convex_loss()->At(logits, at::tensor({1}, at::kLong));
  EXPECT_NEAR(rows.loss.item<double>(), 2 * std::log(2.0), 1e-6);
  EXPECT_NEAR(rows.residual[0][1].item<double>(), -1.0, 1e-6);
}

// The solver's loss and gradient are those that PyTorch's cross-entropy has.
TEST(ClassificationTaskTest, TheConvexLossHasTheGradientOfTheLoss) {
  const at::Tensor logits = at::tensor({1.f, -2.f, .5f, 0.f, 3.f, -1.f}).view({2, 3});
  const at::Tensor labels = at::tensor({2, 1}, at::kLong);
  const at::Tensor weights = at::tensor({1.f, 2.f, .5f});
  const SoftmaxLoss loss(3, weights);
  const auto rows = loss.At(logits, labels);
  const at::Tensor x = logits.clone().set_requires_grad(true);
  const at::Tensor sum = at::cross_entropy_loss(x, labels, weights, at::Reduction::Sum);
  sum.backward();
  EXPECT_NEAR(rows.loss.sum().item<double>(), sum.item<double>(), 1e-5);
  EXPECT_TRUE(at::allclose(rows.residual, x.grad(), 1e-5, 1e-6));
}

// A fit is the same to the bit however the row is written: checkpoints and figures of earlier
// versions hold.
TEST(ClassificationTaskTest, TheConvexLossIsTheOneOfOneHotTargetsToTheBit) {
  const at::Tensor logits = at::sin(at::arange(60, at::kFloat) * 1.7).view({12, 5}) * 8;
  const at::Tensor labels = at::arange(12) * 7 % 5;
  const at::Tensor weights = at::tensor({.3f, 1.7f, 1.f, 2.9f, .1f});
  const at::Tensor one_hot = at::one_hot(labels, 5).to(at::kFloat);
  const at::Tensor row_weights = weights.index_select(0, labels).unsqueeze(1);
  const at::Tensor log_probabilities = at::log_softmax(logits, 1);
  const auto rows = SoftmaxLoss(5, weights).At(logits, labels);
  EXPECT_TRUE(
      at::equal(rows.loss, -(log_probabilities * one_hot).sum(1, /*keepdim=*/true) * row_weights));
  EXPECT_TRUE(at::equal(rows.residual, (log_probabilities.exp() - one_hot) * row_weights));
}

TEST(ClassificationTaskTest, FiguresAreNamedAndValidationSelectsByTheLoss) {
  const auto task = ClassificationTask::Create({"ant", "bee"}, {0, 1}, {});
  ASSERT_TRUE(task.ok());
  const auto names = [](const Figures& figures) {
    std::vector<std::string> found;
    for (const auto& [name, value] : figures) found.push_back(name);
    return found;
  };
  EXPECT_THAT(names((*task)->NewTrainingMeter()->Read()), ElementsAre("accuracy"));
  EXPECT_THAT(names((*task)->NewEvaluation()->Read()), ElementsAre("loss", "accuracy", "macro_f1"));
  EXPECT_EQ((*task)->Cost({{"loss", 0.25}, {"accuracy", 0.5}}), 0.25);
}

TEST(ClassificationTaskTest, CalibratesSetsAlwaysAndThresholdsWhereAPrecisionIsAimedAt) {
  // Probabilities of the answers: 0.9 right, 0.8 wrong, 0.7 right of ant; 0.6 right of bee.
  const at::Tensor logits =
      at::log(at::tensor({.9f, .1f, .8f, .2f, .7f, .3f, .4f, .6f}).view({4, 2}));
  const at::Tensor truth = at::tensor({0, 1, 0, 1}, at::kLong);
  const auto outputs = [&](const ClassificationOptions& options) {
    const auto task = ClassificationTask::Create({"ant", "bee", "cow"}, {0, 1, 2}, options);
    EXPECT_TRUE(task.ok());
    const at::Tensor three = at::cat({logits, at::full({4, 1}, -1e9f)}, 1);
    EXPECT_TRUE((*task)->calibrates());
    EXPECT_TRUE((*task)->Calibrate(three, truth).ok());
    return ClassificationOutputsFromJson((*task)->OutputsJson()).value();
  };
  const ClassificationOutputs plain = outputs({});
  EXPECT_TRUE(plain.thresholds.empty());
  ASSERT_TRUE(plain.conformal.has_value());
  EXPECT_EQ(plain.conformal->examples, 4);
  ASSERT_EQ(plain.conformal->scores.size(), 4u);
  EXPECT_NEAR(plain.conformal->scores[0], 0.1, 1e-6);
  EXPECT_NEAR(plain.conformal->scores[3], 0.8, 1e-6);
  ClassificationOptions options;
  options.target_precision = 0.9;
  const ClassificationOutputs careful = outputs(options);
  ASSERT_EQ(careful.thresholds.size(), 3u);
  EXPECT_NEAR(careful.thresholds[0], 0.9, 1e-6);
  EXPECT_EQ(careful.thresholds[1], 0) << "all of its answers are right";
  EXPECT_NEAR(careful.thresholds[2], 0.9, 1e-6) << "never answered: of all together";
}

}  // namespace
}  // namespace graft::tasks
