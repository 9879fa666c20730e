#include "core/training/loop/trainer.h"

#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/core/training/toy_job.h"

namespace graft::training {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TrainerTest : public ToyTrainerTest {};

TEST_F(TrainerTest, FeatureExtractionLearnsAndLeavesTheBackboneAlone) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFeatureExtraction);
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), 0.8);
  const ToyNetwork untouched(3);
  for (const auto& [name, tensor] : untouched.All()) {
    if (name.rfind("head", 0) == 0) continue;
    EXPECT_TRUE(at::equal(tensor, attempt.network->All().at(name))) << name;
  }
  EXPECT_EQ(attempt.trainer->first_changed_stage(), 3);
  EXPECT_GT(attempt.trainer->l2(), 0);
  EXPECT_THAT(attempt.observer.epochs, Not(IsEmpty()));
}

TEST_F(TrainerTest, TopLayersTrainsTheLastStageOnActivationsThatAreKept) {
  Attempt attempt;
  attempt.cache = cache_.get();
  attempt.config = ToyConfig(recipes::Strategy::kTopLayers);
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), kBetterThanChance);
  // Stages below the cut saw each image once; no epoch ran them again.
  EXPECT_EQ(attempt.network->forwards[0], 120);
  EXPECT_EQ(attempt.network->forwards[1], 120);
  EXPECT_GT(attempt.network->forwards[2], 120);
  ASSERT_EQ(attempt.trainer->first_changed_stage(), 2);
  const auto after = attempt.network->All();
  const auto before = ToyNetwork(3).All();
  EXPECT_TRUE(at::equal(after.at("stage1.conv.weight"), before.at("stage1.conv.weight")));
  EXPECT_FALSE(at::equal(after.at("stage2.conv.weight"), before.at("stage2.conv.weight")));
  ASSERT_THAT(attempt.observer.phases, SizeIs(3));
  EXPECT_EQ(attempt.observer.phases[0].phase, "features");
  EXPECT_EQ(attempt.observer.phases[1].phase, "head");
  EXPECT_EQ(attempt.observer.phases[2].phase, "fine-tune");
}

TEST_F(TrainerTest, BatchNormStatisticsStayWhereTheyAre) {
  for (recipes::Strategy strategy : {recipes::Strategy::kTopLayers, recipes::Strategy::kFull}) {
    Attempt attempt;
    attempt.config = ToyConfig(strategy);
    ASSERT_TRUE(attempt.Run().ok());
    const auto before = ToyNetwork(3).All();
    for (const auto& [name, tensor] : attempt.network->All()) {
      if (name.find("running") == std::string::npos) continue;
      EXPECT_TRUE(at::equal(tensor, before.at(name))) << name;
    }
  }
}

TEST_F(TrainerTest, FullTrainsEveryStageOnNewAugmentationsEachEpoch) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  attempt.config.training.head_epochs = 0;
  attempt.config.training.epochs = 6;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), kBetterThanChance);
  EXPECT_EQ(attempt.trainer->first_changed_stage(), 0);
  const auto before = ToyNetwork(3).All();
  EXPECT_FALSE(
      at::equal(attempt.network->All().at("stage0.conv.weight"), before.at("stage0.conv.weight")));
  EXPECT_THAT(attempt.observer.epochs, SizeIs(6));
  for (int64_t entry : attempt.data.train) {
    EXPECT_THAT(attempt.images->augmentations[entry], SizeIs(6)) << "another in each epoch";
  }
  EXPECT_EQ(attempt.images->augmentations.size(), attempt.data.train.size())
      << "validation is on plain images";
}

TEST_F(TrainerTest, TheSameSeedGivesTheSameBitsAndAnotherSeedOthers) {
  for (recipes::Strategy strategy : {recipes::Strategy::kFeatureExtraction,
                                     recipes::Strategy::kTopLayers, recipes::Strategy::kFull}) {
    Attempt once, twice, other;
    once.config = twice.config = other.config = ToyConfig(strategy);
    once.dropout = twice.dropout = other.dropout = 0.3;
    other.config.training.seed = 1;
    ASSERT_TRUE(once.Run().ok());
    ASSERT_TRUE(twice.Run().ok());
    ASSERT_TRUE(other.Run().ok());
    ExpectSameWeights(*once.network, *twice.network);
    if (strategy == recipes::Strategy::kFeatureExtraction) continue;  // has nothing to draw
    EXPECT_FALSE(
        at::equal(once.network->All().at("head.weight"), other.network->All().at("head.weight")));
  }
}

TEST_F(TrainerTest, DivergenceNamesThePhaseAndTheEpoch) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  attempt.config.training.head_epochs = 0;
  attempt.config.training.optimizer = recipes::OptimizerKind::kSgd;
  attempt.config.training.learning_rate = 100;
  attempt.config.training.backbone_learning_rate = 100;
  attempt.config.training.gradient_clip_norm = 0;
  const absl::Status status = attempt.Run();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("diverged"));
  EXPECT_THAT(status.message(), HasSubstr("epoch"));
}

TEST_F(TrainerTest, TheBestEpochIsTheOneThatIsKept) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kFull);
  attempt.config.training.early_stopping_patience = 0;
  ASSERT_TRUE(attempt.Run().ok());
  double best = 1e9;
  int epoch = 0;
  for (const EpochMetrics& metrics : attempt.observer.epochs) {
    if (tasks::FindFigure(metrics.validation, tasks::kLossFigure).value() < best) {
      best = tasks::FindFigure(metrics.validation, tasks::kLossFigure).value();
      epoch = metrics.epoch;
    }
  }
  EXPECT_EQ(attempt.trainer->state().best.epoch, epoch);
  const auto report = attempt.trainer->Evaluate(attempt.data.validation, "validation");
  ASSERT_TRUE(report.ok());
  EXPECT_NEAR(tasks::FindFigure(report->figures, tasks::kLossFigure).value(), best, 1e-6);
}

TEST_F(TrainerTest, EarlyStoppingEndsAPhaseThatNoLongerGains) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kTopLayers);
  attempt.config.training.epochs = 200;
  attempt.config.training.head_epochs = 100;
  attempt.config.training.early_stopping_patience = 2;
  attempt.config.training.schedule = recipes::ScheduleKind::kConstant;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_LT(attempt.observer.epochs.size(), 200u);
  EXPECT_TRUE(attempt.trainer->early_stopped());
}

TEST_F(TrainerTest, WithoutValidationTheLastEpochIsKept) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kTopLayers);
  attempt.data.train.insert(attempt.data.train.end(), attempt.data.validation.begin(),
                            attempt.data.validation.end());
  std::sort(attempt.data.train.begin(), attempt.data.train.end());
  attempt.data.validation.clear();
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_EQ(attempt.trainer->state().best.epoch, 8);
  EXPECT_THAT(attempt.observer.epochs.back().validation, IsEmpty());
}

}  // namespace
}  // namespace graft::training
