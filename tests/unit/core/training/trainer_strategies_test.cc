// What the strategies beyond FEATURE_EXTRACTION, TOP_LAYERS and FULL add to the trainer.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/recipes/enum_words.h"
#include "core/recipes/strategies.h"
#include "core/training/loop/trainer.h"
#include "tests/unit/core/training/toy_job.h"
#include "tests/unit/core/training/toy_kill.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TrainerStrategiesTest : public ToyTrainerTest {
 protected:
  static std::vector<std::string> Phases(const Attempt& attempt) {
    std::vector<std::string> names;
    for (const PhaseStarted& phase : attempt.observer.phases) names.push_back(phase.phase);
    return names;
  }
};

TEST_F(TrainerStrategiesTest, LpFtTunesFromTheHeadsOptimum) {
  Attempt probe;
  probe.config = ToyConfig(recipes::Strategy::kFeatureExtraction);
  ASSERT_TRUE(probe.Run().ok());

  Attempt tuned;
  tuned.config = ToyConfig(recipes::Strategy::kLpFt);
  ASSERT_TRUE(tuned.Run().ok());
  EXPECT_THAT(Phases(tuned), ElementsAre("features", "head", "fine-tune", "averaging"));
  const auto optimum = probe.network->tensors(3)[0].tensor;
  EXPECT_TRUE(at::equal(tuned.trainer->state().before_tuning.tensors.at("head.weight"), optimum));
  EXPECT_GT(tuned.ValidationAccuracy(), probe.ValidationAccuracy());
}

TEST_F(TrainerStrategiesTest, AveragedWeightsLieBetweenAndCostNoMore) {
  Attempt plain, averaged;
  for (Attempt* const each : {&plain, &averaged}) {
    // Too fast, from few images: what lies on the way is better than where it ends.
    each->data.train.resize(6);
    each->config = ToyConfig(recipes::Strategy::kFull);
    each->config.training.epochs = 5;
    each->config.training.learning_rate = 0.8;
    each->config.training.warmup_epochs = 0;
    each->config.data.augment = false;
  }
  averaged.config.training.weight_averaging = true;
  ASSERT_TRUE(plain.Run().ok());
  ASSERT_TRUE(averaged.Run().ok());
  const double share = averaged.trainer->tuned_share();
  ASSERT_LT(share, 1) << "or this test says nothing";
  EXPECT_LT(averaged.ValidationFigure("loss"), plain.ValidationFigure("loss"));
  EXPECT_NEAR(averaged.ValidationFigure("loss"),
              *tasks::FindFigure(averaged.trainer->state().best.metrics, "validation_loss"), 1e-6);
  const ToyNetwork pretrained(3);
  const auto before = pretrained.All();
  const auto after = plain.network->All();
  const auto mixed = averaged.network->All();
  for (const char* const name : {"stage0.conv.weight", "stage2.bn.bias"}) {
    EXPECT_TRUE(at::allclose(mixed.at(name), at::lerp(before.at(name), after.at(name), share)))
        << name;
  }
}

TEST_F(TrainerStrategiesTest, WithoutValidationNothingIsAveraged) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kLpFt);
  attempt.data.train.insert(attempt.data.train.end(), attempt.data.validation.begin(),
                            attempt.data.validation.end());
  attempt.data.validation.clear();
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_EQ(attempt.trainer->tuned_share(), 1);
  EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("weights are not averaged")));
}

TEST_F(TrainerStrategiesTest, GradualLetsStagesJoinFromTheTop) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kGradual);
  attempt.config.training.epochs = 12;
  attempt.config.training.early_stopping_patience = 0;
  ASSERT_TRUE(attempt.Run().ok());
  std::vector<int> trainable;
  for (const PhaseStarted& phase : attempt.observer.phases) {
    if (phase.epochs > 0) trainable.push_back(phase.trainable_stages);
  }
  EXPECT_THAT(trainable, ElementsAre(0, 1, 2, 3));
  EXPECT_GT(attempt.ValidationAccuracy(), kBetterThanChance);
}

TEST_F(TrainerStrategiesTest, GradualKeepsWhatEntersTheStagesWhereNothingIsAugmented) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kGradual);
  attempt.config.training.epochs = 12;
  attempt.config.data.augment = false;
  attempt.cache = cache_.get();
  ASSERT_TRUE(attempt.Run().ok());
  const auto kept_in_all = static_cast<int64_t>(attempt.data.entries);
  const auto epochs_of_all = attempt.job.phases.back().epochs;
  // Stage 0 runs once over each image, and in the epochs and judgements of the last phase.
  EXPECT_LE(attempt.network->forwards[0], kept_in_all * (epochs_of_all + 2));
}

TEST_F(TrainerStrategiesTest, ClassMeansTakeOneLookAtTheFeatures) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kDirect);
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(Phases(attempt), ElementsAre("features", "head"));
  EXPECT_EQ(attempt.trainer->state().epochs_done, 1);
  EXPECT_EQ(attempt.network->forwards[0], attempt.data.entries);
  EXPECT_GT(attempt.ValidationAccuracy(), kBetterThanChance);
}

TEST_F(TrainerStrategiesTest, AutoFineTunesWhereTheHeadAloneLacksMuch) {
  Attempt head, attempt;
  head.config = ToyConfig(recipes::Strategy::kFeatureExtraction);
  attempt.config = ToyConfig(recipes::Strategy::kAuto);
  ASSERT_TRUE(head.Run().ok());
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(Phases(attempt), ElementsAre("features", "head", "fine-tune", "averaging"));
  EXPECT_THAT(attempt.trainer->decision(), HasSubstr("fine-tuned: validation accuracy"));
  EXPECT_EQ(attempt.trainer->first_changed_stage(), 0);
  EXPECT_GT(attempt.ValidationAccuracy(), head.ValidationAccuracy());
}

TEST_F(TrainerStrategiesTest, AutoTrainsNoMoreThanItMayPayFor) {
  Attempt whole;
  whole.config = ToyConfig(recipes::Strategy::kAuto);
  ASSERT_TRUE(whole.Run().ok());
  const double epochs = whole.job.phases.back().epochs;
  const double pass = static_cast<double>(whole.data.train.size() + whole.data.validation.size());

  Attempt top;
  top.config = whole.config;
  top.tuning_budget_gflops = epochs * 2 * pass;  // everything takes nearly 3 for a training image
  ASSERT_TRUE(top.Run().ok());
  EXPECT_THAT(Phases(top), Contains("top layers"));
  EXPECT_EQ(top.observer.phases.back().phase, "averaging");
  EXPECT_EQ(top.network->forwards[0], top.data.entries) << "what enters the last stage is kept";

  Attempt none;
  none.config = whole.config;
  none.tuning_budget_gflops = 1;
  ASSERT_TRUE(none.Run().ok());
  EXPECT_THAT(Phases(none), ElementsAre("features", "head"));
  EXPECT_THAT(none.trainer->decision(), HasSubstr("more than the 0 TFLOP that it may"));
  EXPECT_EQ(none.trainer->first_changed_stage(), none.network->stages());
}

TEST_F(TrainerStrategiesTest, AutoKeepsTheHeadAloneWhereFineTuningGainsNothing) {
  Attempt head, attempt;
  head.config = ToyConfig(recipes::Strategy::kFeatureExtraction);
  attempt.config = ToyConfig(recipes::Strategy::kAuto);
  attempt.config.training.learning_rate = 1e-7;
  ASSERT_TRUE(head.Run().ok());
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(Phases(attempt), Contains("fine-tune"));
  EXPECT_THAT(attempt.trainer->decision(), HasSubstr("the head alone was kept"));
  EXPECT_EQ(attempt.trainer->first_changed_stage(), attempt.network->stages());
  ExpectSameWeights(*head.network, *attempt.network);
}

TEST_F(TrainerStrategiesTest, AutoWithoutValidationTrainsTheHeadAlone) {
  Attempt attempt;
  attempt.config = ToyConfig(recipes::Strategy::kAuto);
  attempt.data.validation.clear();
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(Phases(attempt), ElementsAre("features", "head"));
  EXPECT_THAT(attempt.trainer->decision(), HasSubstr("nothing is held out"));
}

class KilledTest : public TrainerStrategiesTest,
                   public ::testing::WithParamInterface<recipes::Strategy> {};

TEST_P(KilledTest, EndsWithTheSameWeightsWhereverItWasKilled) {
  ExpectExactResume(ToyConfig(GetParam()), static_cast<uint64_t>(GetParam()));
}

std::vector<recipes::Strategy> AllStrategies() {
  std::vector<recipes::Strategy> all;
  for (const recipes::StrategyRecipe& each : recipes::Strategies()) all.push_back(each.strategy);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Strategies, KilledTest, ::testing::ValuesIn(AllStrategies()),
                         [](const auto& param) {
                           return std::string(recipes::NameOf(param.param));
                         });

}  // namespace
}  // namespace graft::training
