// Whole jobs of the tasks that are not classification, from the dataset's manifest to the artefact.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/recipes/enum_words.h"
#include "core/tasks/multilabel/options.h"
#include "core/tasks/multilabel/outputs.h"
#include "core/tasks/regression/options.h"
#include "core/tasks/regression/outputs.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::training {
namespace {

using FineTuneTasksTest = TinyFineTuneTest;

// Of the three colours the first two are "warm", the first alone is "red".
void GiveLabels(data::DatasetManifest& manifest) {
  manifest.targets = data::TargetKind::kLabels;
  manifest.classes = {"red", "warm"};
  const std::vector<std::vector<int>> labels = {{0, 1}, {1}, {}};
  for (data::DatasetEntry& entry : manifest.entries) {
    entry.labels = labels[static_cast<size_t>(entry.class_index)];
    entry.class_index = 0;
  }
}

void GiveNumbers(data::DatasetManifest& manifest) {
  manifest.targets = data::TargetKind::kNumbers;
  manifest.classes.clear();
  manifest.numbers = {"degrees"};
  for (data::DatasetEntry& entry : manifest.entries) {
    entry.numbers = {300.0 + 20.0 * entry.class_index};
    entry.class_index = 0;
  }
}

TEST_F(FineTuneTasksTest, MultilabelPublishesItsLabelsAndThresholds) {
  UseDataset(20, 3, /*with_test=*/true, GiveLabels);
  const auto result = Run({.task = tasks::MultilabelOptions{}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->description.task, "multilabel");
  EXPECT_EQ(result->description.head.outputs, 2);
  const auto outputs = tasks::MultilabelOutputsFromJson(result->description.outputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(outputs->labels, (std::vector<std::string>{"red", "warm"}));
  EXPECT_GE(*tasks::FindFigure(result->report.figures, "mean_average_precision"), 0.9);
  EXPECT_EQ(result->report.examples, 15);
  const auto card = nlohmann::json::parse(result->card_json);
  EXPECT_EQ(card["task"], "multilabel");
  EXPECT_EQ(card["report"]["labels"][1]["label"], "warm");
  EXPECT_EQ(card["outputs"]["thresholds"].size(), 2u);
}

TEST_F(FineTuneTasksTest, RegressionAnswersInTheUnitsOfTheDataset) {
  UseDataset(20, 3, /*with_test=*/true, GiveNumbers);
  for (recipes::Strategy strategy :
       {recipes::Strategy::kFeatureExtraction, recipes::Strategy::kTopLayers}) {
    recipes::FineTuneConfig config = {.task = tasks::RegressionOptions{}};
    config.strategy = strategy;
    if (strategy == recipes::Strategy::kTopLayers) {
      config.training.epochs = 30;
      config.training.learning_rate = 0.02;
    }
    checkpoints_.saved.clear();
    const auto result = Run(config);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->description.task, "regression");
    EXPECT_EQ(result->description.head.outputs, 1);
    const auto outputs = tasks::RegressionOutputsFromJson(result->description.outputs);
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_NEAR(outputs->scales[0].mean, 320, 3);
    EXPECT_GT(*tasks::FindFigure(result->report.figures, "r2"), 0.5) << recipes::NameOf(strategy);
    // The mean for every image would be off by 13.
    EXPECT_LT(*tasks::FindFigure(result->report.figures, "mean_absolute_error"), 10);
    EXPECT_EQ(
        nlohmann::json::parse(result->card_json)["hyperparameters"]["task"]["regression"]["loss"],
        "huber");
  }
}

TEST_F(FineTuneTasksTest, AJobOfAnotherTaskTakesUpNoCheckpointOfTheFirst) {
  UseDataset(20, 3, false, GiveNumbers);
  recipes::FineTuneConfig config = {.task = tasks::RegressionOptions{}};
  config.strategy = recipes::Strategy::kFull;
  config.training.epochs = 2;
  ASSERT_TRUE(Run(config).ok());
  observer_ = {};
  config.task.As<tasks::RegressionOptions>().loss = tasks::RegressionLossKind::kSquared;
  ASSERT_TRUE(Run(config).ok());
  EXPECT_THAT(observer_.logs, ::testing::Contains(::testing::HasSubstr("another job")));
}

TEST_F(FineTuneTasksTest, ATaskOfAnotherDatasetIsRefused) {
  UseDataset(20, 3, false, GiveNumbers);
  auto task = tasks::MakeTask(tasks::RegressionOptions{}, dataset_->manifest());
  ASSERT_TRUE(task.ok());
  UseDataset(10, 3, false, GiveNumbers);
  auto job = recipes::ResolveFineTune({.task = tasks::RegressionOptions{}});
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(Run(*job, **task).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft::training
