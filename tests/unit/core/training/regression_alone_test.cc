// Training with the regression task: the program links no other task, which shows that training
// needs none.
#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/tasks/regression/task.h"
#include "tests/unit/core/training/toy_run.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::Pair;

// Two numbers that the stripes of the toy images tell, in units of their own.
struct RegressionRun : ToyRun {
  explicit RegressionRun(const tasks::RegressionOptions& options = {}) {
    at::set_num_threads(1);
    task_options = options;
    make_task = [](const recipes::FineTuneConfig& resolved)
        -> absl::StatusOr<std::unique_ptr<tasks::Task>> {
      std::vector<std::vector<double>> values;
      for (int64_t label : ToyLabels(120)) {
        values.push_back({label == 1 ? 1'500.0 : 1'000.0, 0.1 * static_cast<double>(label)});
      }
      auto made = tasks::RegressionTask::Create({"weight", "share"}, values,
                                                resolved.task.As<tasks::RegressionOptions>());
      if (!made.ok()) return made.status();
      return std::unique_ptr<tasks::Task>(*std::move(made));
    };
  }
};

TEST(RegressionAloneTest, AHeadOnFrozenFeaturesIsSolvedForAndReportsInTheUsersUnits) {
  RegressionRun run;
  ASSERT_TRUE(run.Run().ok());
  const auto report = run.trainer->Evaluate(run.data.validation, "validation");
  ASSERT_TRUE(report.ok()) << report.status();
  const auto json = nlohmann::json::parse(report->json);
  EXPECT_GT(json["numbers"][0]["r2"].get<double>(), 0.5);
  // Always answering the mean would be off by 222 on the average.
  EXPECT_LT(json["numbers"][0]["mean_absolute_error"].get<double>(), 120);
  EXPECT_GT(json["numbers"][0]["mean_absolute_error"].get<double>(), 1);
  EXPECT_GT(run.trainer->l2(), 0);
  const tasks::Figures named = run.observer.epochs.back().Named();
  EXPECT_THAT(named, Contains(Pair("validation_r2", ::testing::Gt(0.5))));
  EXPECT_THAT(named, Contains(Pair("train_mean_absolute_error", ::testing::_)));
}

TEST(RegressionAloneTest, StagesAreTrainedByGradientsAndTheBestEpochIsTheCheapest) {
  tasks::RegressionOptions squared;
  squared.loss = tasks::RegressionLossKind::kSquared;
  RegressionRun run(squared);
  run.config = ToyConfig(recipes::Strategy::kTopLayers);
  run.config.training.early_stopping_patience = 0;
  run.config.training.epochs = 40;
  ASSERT_TRUE(run.Run().ok());
  double best = 1e9;
  int epoch = 0;
  for (const EpochMetrics& metrics : run.observer.epochs) {
    const double loss = tasks::FindFigure(metrics.validation, tasks::kLossFigure).value();
    if (loss < best) {
      best = loss;
      epoch = metrics.epoch;
    }
  }
  EXPECT_EQ(run.trainer->state().best.epoch, epoch);
  EXPECT_NEAR(run.ValidationFigure(tasks::kLossFigure), best, 1e-6);
  EXPECT_GT(run.ValidationFigure("r2"), 0.2);
}

TEST(RegressionAloneTest, ARunThatIsTakenUpAgainEndsWithTheSameWeights) {
  RegressionRun whole;
  whole.config = ToyConfig(recipes::Strategy::kFull);
  ASSERT_TRUE(whole.Run().ok());
  MemoryCheckpoints checkpoints;
  RegressionRun cut, rest;
  cut.config = rest.config = whole.config;
  cut.checkpoints = rest.checkpoints = &checkpoints;
  cut.desired = [&] { return checkpoints.saved.size() < 4 ? RunSignal::kRun : RunSignal::kDrain; };
  ASSERT_TRUE(IsDrained(cut.Run()));
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.observer.epochs.front().epoch, 5);
  for (const auto& [name, tensor] : whole.network->All()) {
    EXPECT_TRUE(at::equal(tensor, rest.network->All().at(name))) << name;
  }
}

}  // namespace
}  // namespace graft::training
