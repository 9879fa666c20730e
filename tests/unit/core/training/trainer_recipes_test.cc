// Parts of batches, moving averages, rates that fall: what options of training do in the trainer.
#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/training/loop/trainer.h"
#include "tests/unit/core/training/toy_job.h"
#include "tests/unit/core/training/toy_kill.h"

namespace graft::training {
namespace {

using ::testing::HasSubstr;

class TrainerRecipesTest : public ToyTrainerTest {};

void ExpectCloseWeights(const ToyNetwork& a, const ToyNetwork& b) {
  for (const auto& [name, tensor] : a.All()) {
    EXPECT_TRUE(at::allclose(tensor, b.All().at(name), 1e-3, 1e-5)) << name;
  }
}

TEST_F(TrainerRecipesTest, PartsOfABatchGiveTheGradientOfTheWhole) {
  for (const auto weighting : {tasks::ClassWeighting::kNone, tasks::ClassWeighting::kBalanced}) {
    Attempt whole, parts;
    for (Attempt* const each : {&whole, &parts}) {
      each->config = ToyConfig(recipes::Strategy::kFull);
      each->config.training.optimizer = recipes::OptimizerKind::kSgd;
      tasks::ClassificationOptions options;
      options.class_weighting = weighting;
      each->config.task = options;
      each->data.train.resize(41);  // classes unlike in number, and a last part of one image
    }
    parts.config.training.microbatch_size = 5;
    ASSERT_TRUE(whole.Run().ok());
    ASSERT_TRUE(parts.Run().ok());
    ExpectCloseWeights(*whole.network, *parts.network);
    EXPECT_NEAR(*tasks::FindFigure(parts.observer.epochs.front().train, "loss"),
                *tasks::FindFigure(whole.observer.epochs.front().train, "loss"), 1e-5);
  }
}

TEST_F(TrainerRecipesTest, WhereMemoryRunsOutBatchesAreComputedInSmallerParts) {
  Attempt halved, asked;
  halved.config = asked.config = ToyConfig(recipes::Strategy::kFull);
  halved.memory = 5;
  asked.config.training.microbatch_size = 4;
  ASSERT_TRUE(halved.Run().ok());
  ASSERT_TRUE(asked.Run().ok());
  EXPECT_EQ(
      std::count(halved.observer.warnings.begin(), halved.observer.warnings.end(), "OUT_OF_MEMORY"),
      2)
      << "16 images, then 8, then 4 for the rest of the job";
  ExpectCloseWeights(*halved.network, *asked.network);

  Attempt hopeless;
  hopeless.config = halved.config;
  hopeless.memory = 0;
  const absl::Status status = hopeless.Run();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("too small for a single image"));
}

TEST_F(TrainerRecipesTest, MovingAveragesAreWhatIsJudgedAndPublished) {
  Attempt plain, averaged;
  plain.config = averaged.config = ToyConfig(recipes::Strategy::kFull);
  plain.config.training.head_epochs = averaged.config.training.head_epochs = 0;
  averaged.config.training.ema_decay = 0.9;
  ASSERT_TRUE(plain.Run().ok());
  ASSERT_TRUE(averaged.Run().ok());
  EXPECT_NEAR(averaged.ValidationFigure("loss"),
              *tasks::FindFigure(averaged.trainer->state().best.metrics, "validation_loss"), 1e-6);
  // Both take the same steps: it is the weights after them that differ.
  EXPECT_EQ(*tasks::FindFigure(averaged.observer.epochs.back().train, "loss"),
            *tasks::FindFigure(plain.observer.epochs.back().train, "loss"));
  EXPECT_NE(averaged.ValidationFigure("loss"), plain.ValidationFigure("loss"));
}

TEST_F(TrainerRecipesTest, ThePlateauLowersTheRatesWhereValidationStandsStill) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  attempt.config.training.epochs = 12;
  attempt.config.training.head_epochs = 1;
  attempt.config.training.schedule = recipes::ScheduleKind::kPlateau;
  attempt.config.training.schedule_epochs = 1;
  attempt.config.training.schedule_factor = 0.5;
  attempt.config.training.warmup_epochs = 0;
  attempt.config.training.early_stopping_patience = 0;
  attempt.config.training.learning_rate = 2;  // too high: it does stand still
  ASSERT_TRUE(attempt.Run().ok());
  std::vector<double> rates;
  for (const EpochMetrics& epoch : attempt.observer.epochs) {
    if (epoch.phase == "fine-tune") rates.push_back(epoch.head_learning_rate);
  }
  EXPECT_EQ(rates.front(), 2);
  EXPECT_LT(rates.back(), 2);
  EXPECT_TRUE(std::is_sorted(rates.rbegin(), rates.rend()));
}

TEST_F(TrainerRecipesTest, LowerStagesLearnSlowerWithLayerDecay) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  attempt.config.training.layer_decay = 1e-4;
  ASSERT_TRUE(attempt.Run().ok());
  const ToyNetwork pretrained(3);
  const auto moved = [&](const std::string& name) {
    return (attempt.network->All().at(name) - pretrained.All().at(name)).abs().max().item<double>();
  };
  EXPECT_LT(moved("stage1.conv.weight"), 0.01 * moved("stage2.conv.weight"));
  EXPECT_LT(moved("stage0.conv.weight"), 0.01 * moved("stage1.conv.weight"));
}

// What a resumed run needs of each is in the checkpoint.
TEST_F(TrainerRecipesTest, AKilledRunWithAllOfThemEndsWithTheSameWeights) {
  recipes::FineTuneConfig config = ToyConfig(recipes::Strategy::kFull);
  config.training.schedule = recipes::ScheduleKind::kPlateau;
  config.training.schedule_epochs = 1;
  config.training.ema_decay = 0.8;
  config.training.layer_decay = 0.7;
  config.training.weight_averaging = true;
  ExpectExactResume(config, 1, /*memory=*/6);
  config.training.schedule = recipes::ScheduleKind::kOneCycle;
  config.training.schedule_epochs.reset();
  config.training.optimizer = recipes::OptimizerKind::kSgd;
  config.training.microbatch_size = 7;
  ExpectExactResume(config, 2);
}

}  // namespace
}  // namespace graft::training
