#include "core/tasks/multilabel/task.h"

#include <ATen/ATen.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/data/dataset_manifest.h"

namespace graft::tasks {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<MultilabelTask> Make(const std::vector<std::vector<int>>& labels_of,
                                     MultilabelOptions options = {}) {
  auto task = MultilabelTask::Create({"beach", "boat", "sun"}, labels_of, options);
  EXPECT_TRUE(task.ok()) << task.status();
  return *std::move(task);
}

TEST(MultilabelTaskTest, TakesItsTargetsFromTheLabelsOfADataset) {
  data::DatasetManifest dataset;
  dataset.targets = data::TargetKind::kLabels;
  dataset.classes = {"beach", "boat"};
  dataset.entries.emplace_back().labels = {0, 1};
  dataset.entries.emplace_back();
  dataset.entries.emplace_back().labels = {1};
  const auto task = MultilabelTask::Create(dataset, {});
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_TRUE(
      at::equal((*task)->targets(), at::tensor({1, 1, 0, 0, 0, 1}, at::kByte).view({3, 2})));
  dataset.targets = data::TargetKind::kClass;
  EXPECT_THAT(MultilabelTask::Create(dataset, {}).status().message(),
              HasSubstr("use task classification"));
}

TEST(MultilabelTaskTest, RefusesUnknownLabelsAndNone) {
  EXPECT_FALSE(MultilabelTask::Create({"beach"}, {{1}}, {}).ok());
  EXPECT_FALSE(MultilabelTask::Create({"beach"}, {{-1}}, {}).ok());
  EXPECT_FALSE(MultilabelTask::Create({}, {{}}, {}).ok());
}

TEST(MultilabelTaskTest, RowsAreDealtOutByTheirRarestLabel) {
  const auto task = Make({{0}, {0, 1}, {0, 2}, {}, {0, 2}, {0, 1, 2}});
  // beach 5, boat 2, sun 3.
  EXPECT_TRUE(at::equal(task->Strata(task->targets()), at::tensor({0, 1, 2, 3, 2, 1}, at::kLong)));
}

TEST(MultilabelTaskTest, EachLabelGetsTheThresholdOfTheBestF1) {
  const auto task = Make({{}});
  EXPECT_THAT(task->thresholds(), ElementsAre(0.5, 0.5, 0.5));
  ASSERT_TRUE(task->calibrates());
  // beach: yes from 0.3 on; boat: yes from 0.9 on; sun: no image has it.
  const at::Tensor probabilities = at::tensor({.1f, .2f, .9f,  //
                                               .3f, .6f, .9f,  //
                                               .4f, .9f, .2f,  //
                                               .2f, .8f, .1f})
                                       .view({4, 3});
  const at::Tensor truth = at::tensor({0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0}, at::kByte).view({4, 3});
  ASSERT_TRUE(task->Calibrate(probabilities.logit(), truth).ok());
  EXPECT_NEAR(task->thresholds()[0], 0.25, 1e-6);
  EXPECT_NEAR(task->thresholds()[1], 0.85, 1e-6);
  EXPECT_EQ(task->thresholds()[2], 0.5);
  const auto outputs = nlohmann::json::parse(task->OutputsJson());
  EXPECT_EQ(outputs["labels"][1], "boat");
  EXPECT_EQ(outputs["thresholds"][1], task->thresholds()[1]);
}

TEST(MultilabelTaskTest, BalancedWeightsAreThoseOfTheTrainingPart) {
  MultilabelOptions balanced;
  balanced.class_weighting = ClassWeighting::kBalanced;
  const auto task = Make({{0}, {}, {}, {}, {0}, {0}}, balanced);
  ASSERT_TRUE(task->LearnFrom({0, 1, 2, 3}).ok());  // beach: 3 without, 1 with
  const auto rows = task->convex_loss()->At(at::zeros({1, 3}), task->TargetsOf({0}));
  EXPECT_NEAR(rows.residual[0][0].item<double>(), -1.5, 1e-6);
  EXPECT_NEAR(rows.residual[0][1].item<double>(), 0.5, 1e-6);
}

TEST(MultilabelTaskTest, LabelsThatNothingTellsAreWarnedOf) {
  std::vector<std::vector<int>> labels_of(20, std::vector<int>{0});
  labels_of[0] = {0, 1};
  const auto task = Make(labels_of);
  std::vector<int64_t> train, validation;
  for (int64_t i = 0; i < 20; ++i) (i < 15 ? train : validation).push_back(i);
  std::vector<std::string> codes;
  std::vector<std::string> messages;
  for (const TrainingWarning& warning : task->Warnings(train, validation)) {
    codes.push_back(warning.code);
    messages.push_back(warning.message);
  }
  EXPECT_THAT(codes, ElementsAre("EMPTY_LABEL", "TOO_FEW_IMAGES", "LABEL_WITHOUT_VALIDATION"));
  EXPECT_THAT(messages[0], HasSubstr("\"beach\" and 1 more")) << "on every image, and on none";
  EXPECT_THAT(messages[1], HasSubstr("\"boat\""));
  EXPECT_THAT(messages[2], HasSubstr("\"boat\" and 1 more"));
}

}  // namespace
}  // namespace graft::tasks
