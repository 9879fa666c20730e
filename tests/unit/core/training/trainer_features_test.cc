#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/recipes/enum_words.h"
#include "core/training/loop/trainer.h"
#include "tests/unit/core/training/toy_job.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class TrainerFeaturesTest : public ToyTrainerTest {};

TEST_F(TrainerFeaturesTest, ASecondJobOnTheSameDataRunsNoBackboneForward) {
  Attempt first;
  first.cache = cache_.get();
  ASSERT_TRUE(first.Run().ok());
  EXPECT_EQ(first.context->counters.backbone_forward_images, 120);
  EXPECT_EQ(first.context->counters.feature_cache_misses, 120);

  Attempt second;
  second.cache = cache_.get();
  second.config.head.kind = model::HeadKind::kLinear;
  second.config.training.optimizer =
      recipes::OptimizerKind::kAdamW;  // another recipe, the same features
  ASSERT_TRUE(second.Run().ok());
  EXPECT_EQ(second.context->counters.backbone_forward_images, 0);
  EXPECT_EQ(second.network->forwards[0], 0);
  EXPECT_EQ(second.images->loaded, 0);
  EXPECT_EQ(second.context->counters.feature_cache_hits, 120);
  EXPECT_EQ(second.context->counters.feature_cache_misses, 0);
}

TEST_F(TrainerFeaturesTest, AugmentedViewsAreComputedForTrainingImagesOnly) {
  Attempt attempt;
  attempt.cache = cache_.get();
  attempt.config.data.augment = true;
  attempt.config.data.augmented_views = 2;
  ASSERT_TRUE(attempt.Run().ok());
  const auto train = static_cast<int64_t>(attempt.data.train.size());
  EXPECT_EQ(attempt.network->forwards[0], 120 + 2 * train);
  EXPECT_GE(attempt.ValidationAccuracy(), kBetterThanChance);
}

TEST_F(TrainerFeaturesTest, PassesWithoutGradientsTakeAsManyImagesAtATimeAsTheNetworkLikes) {
  for (recipes::Strategy strategy : {recipes::Strategy::kFeatureExtraction,
                                     recipes::Strategy::kTopLayers, recipes::Strategy::kFull}) {
    for (features::FeatureCache* cache :
         {static_cast<features::FeatureCache*>(nullptr), cache_.get()}) {
      Attempt attempt;
      attempt.config = ToyConfig(strategy);
      attempt.cache = cache;
      attempt.forward_batch = 4;
      ASSERT_TRUE(attempt.Run().ok());
      EXPECT_EQ(attempt.network->largest, 4) << recipes::NameOf(strategy);
    }
  }
}

TEST_F(TrainerFeaturesTest, ActivationsThatDoNotFitAreComputedInEveryEpoch) {
  auto tiny = features::FeatureCache::Open(
      {folder_->path() / "tiny", 40'000});  // features fit, maps do not
  ASSERT_TRUE(tiny.ok());
  Attempt kept, computed;
  kept.config = computed.config = ToyConfig(recipes::Strategy::kTopLayers);
  kept.cache = cache_.get();
  computed.cache = tiny->get();
  computed.max_in_memory = 0;
  ASSERT_TRUE(kept.Run().ok());
  ASSERT_TRUE(computed.Run().ok());
  EXPECT_GT(computed.network->forwards[0], kept.network->forwards[0]);
  EXPECT_THAT(computed.observer.logs, Contains(HasSubstr("too large")));
  EXPECT_GE(computed.ValidationAccuracy(), kBetterThanChance);
}

TEST_F(TrainerFeaturesTest, AnInterruptedFeaturePassGoesOnWhereItWas) {
  auto cache =
      features::FeatureCache::Open({folder_->path() / "sharded", 1 << 20, Clock::System(), 32});
  ASSERT_TRUE(cache.ok());
  Attempt cut;
  cut.cache = cache->get();
  int polls = 0;
  cut.desired = [&] { return ++polls <= 3 ? RunSignal::kRun : RunSignal::kDrain; };
  EXPECT_TRUE(IsDrained(cut.Run()));
  EXPECT_EQ(cut.network->forwards[0], 96) << "three batches of 32";

  Attempt rest;
  rest.cache = cache->get();
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.network->forwards[0], 120 - 96);
  EXPECT_EQ(rest.images->loaded, 120 - 96);
  EXPECT_EQ(rest.context->counters.feature_cache_hits, 96);
  EXPECT_EQ(rest.context->counters.feature_cache_misses, 24);

  Attempt whole;
  ASSERT_TRUE(whole.Run().ok());
  ExpectSameWeights(*whole.network, *rest.network);
}

TEST_F(TrainerFeaturesTest, ACacheThatIsTooSmallLeavesTheFeaturesInMemory) {
  auto none = features::FeatureCache::Open({folder_->path() / "none", 0});
  ASSERT_TRUE(none.ok());
  Attempt attempt;
  attempt.cache = none->get();
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_EQ(attempt.network->forwards[0], 120);
  EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("held in memory")));

  Attempt neither;
  neither.cache = none->get();
  neither.max_in_memory = 0;
  EXPECT_EQ(neither.Run().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(TrainerFeaturesTest, OnlyAsManyViewsAsTheCacheHasRoomForAreUsedAndTheNextJobFindsThem) {
  const uint64_t plain = 4'096 + 120 * 6 * 4;
  const uint64_t view = 4'096 + ToyData(40).train.size() * 6 * 4;
  auto cache = features::FeatureCache::Open({folder_->path() / "two", plain + 2 * view});
  ASSERT_TRUE(cache.ok());
  const auto run = [&](Attempt& attempt) {
    attempt.cache = cache->get();
    attempt.max_in_memory = 0;
    attempt.config.data.augment = true;
    attempt.config.data.augmented_views = 4;
    ASSERT_TRUE(attempt.Run().ok());
    EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("room for 2 of 4 augmented views")));
  };
  Attempt first, second;
  run(first);
  run(second);
  EXPECT_GT(first.network->forwards[0], 120);
  EXPECT_EQ(second.context->counters.backbone_forward_images, 0);
  EXPECT_EQ(second.images->loaded, 0);
}

// The plain images validate from what is kept; views are made anew in each epoch.
TEST_F(TrainerFeaturesTest, WithoutRoomForAnyViewEveryEpochMakesItsOwn) {
  auto cache = features::FeatureCache::Open({folder_->path() / "plain", 4'096 + 120 * 6 * 4});
  ASSERT_TRUE(cache.ok());
  Attempt attempt;
  attempt.cache = cache->get();
  attempt.max_in_memory = 0;
  attempt.config.data.augment = true;
  attempt.config.training.optimizer = recipes::OptimizerKind::kAdamW;
  attempt.config.training.epochs = 3;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("computed in every epoch")));
  EXPECT_EQ(attempt.network->forwards[0],
            120 + 3 * static_cast<int64_t>(attempt.data.train.size()));
}

}  // namespace
}  // namespace graft::training
