#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/recipes/enum_words.h"
#include "core/tasks/multilabel/task.h"
#include "tests/unit/core/training/toy_run.h"

namespace graft::training {
namespace {

// The toy images' three kinds have these labels; the last kind has none.
struct MultilabelRun : ToyRun {
  MultilabelRun() {
    at::set_num_threads(1);
    task_options = tasks::MultilabelOptions{};
    make_task = [](const recipes::FineTuneConfig&) -> absl::StatusOr<std::unique_ptr<tasks::Task>> {
      const std::vector<std::vector<int>> kinds = {{0, 1}, {1}, {}};
      std::vector<std::vector<int>> labels_of;
      for (int64_t kind : ToyLabels(120)) labels_of.push_back(kinds[static_cast<size_t>(kind)]);
      auto made = tasks::MultilabelTask::Create({"red", "striped"}, labels_of, {});
      if (!made.ok()) return made.status();
      return std::unique_ptr<tasks::Task>(*std::move(made));
    };
  }
};

TEST(TrainerMultilabelTest, LearnsEachLabelAndChoosesItsThreshold) {
  for (recipes::Strategy strategy :
       {recipes::Strategy::kFeatureExtraction, recipes::Strategy::kTopLayers}) {
    MultilabelRun run;
    run.config = ToyConfig(strategy);
    ASSERT_TRUE(run.Run().ok());
    EXPECT_GT(run.ValidationFigure("mean_average_precision"), 0.7) << recipes::NameOf(strategy);
    const auto outputs = nlohmann::json::parse(run.task->OutputsJson());
    EXPECT_NE(outputs["thresholds"][0], 0.5);
    // What the report is made with is what the outputs carry.
    const auto report = run.trainer->Evaluate(run.data.validation, "validation");
    ASSERT_TRUE(report.ok());
    const auto json = nlohmann::json::parse(report->json);
    EXPECT_EQ(json["labels"][0]["threshold"], outputs["thresholds"][0]);
    EXPECT_GT(json["labels"][1]["f1"].get<double>(), 0.7);
  }
}

// The thresholds of the best F1 are no worse than a half each.
TEST(TrainerMultilabelTest, CalibrationDoesNotLowerF1OnTheValidationPart) {
  MultilabelRun run;
  ASSERT_TRUE(run.Run().ok());
  const double before =
      tasks::FindFigure(run.observer.epochs.back().validation, "macro_f1").value();
  EXPECT_GE(run.ValidationFigure("macro_f1"), before);
}

TEST(TrainerMultilabelTest, WithoutValidationTheThresholdsStayAtAHalf) {
  MultilabelRun run;
  run.data.validation.clear();
  ASSERT_TRUE(run.Run().ok());
  EXPECT_EQ(nlohmann::json::parse(run.task->OutputsJson())["thresholds"],
            (std::vector<double>{0.5, 0.5}));
}

}  // namespace
}  // namespace graft::training
