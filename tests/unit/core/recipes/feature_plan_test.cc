#include "core/recipes/feature_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::recipes {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr FeaturePlace kCache = FeaturePlace::kCache;
constexpr FeaturePlace kMemory = FeaturePlace::kMemory;

// A map of 100 bytes at stage 2 and features of 10 at stage 3; a view has four fifths of that.
const std::vector<CutSize> kCuts = {{2, 100, 80}, {3, 10, 8}};

TEST(FeaturePlanTest, WhatFitsTogetherIsCached) {
  const auto plans = PlanFeatures(kCuts, 1, 198, 0);
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].stage, 2);
  EXPECT_THAT(plans[0].places, ElementsAre(kCache, kCache));
  EXPECT_THAT(plans[1].places, ElementsAre(kCache, kCache));
}

// Each block alone is smaller than the cache.
TEST(FeaturePlanTest, WhatOnlyFitsBlockByBlockIsNotAllKept) {
  const auto plans = PlanFeatures(kCuts, 1, 197, 0);
  EXPECT_THAT(plans[0].places, ElementsAre(kCache)) << "fewer views";
  EXPECT_THAT(plans[1].places, ElementsAre(kCache, kCache)) << "the head's come first";
  EXPECT_THAT(PlanFeatures(kCuts, 1, 117, 0)[0].places, IsEmpty()) << "none at this cut";
  EXPECT_THAT(PlanFeatures(kCuts, 4, 30, 0)[1].places, ElementsAre(kCache, kCache, kCache));
}

TEST(FeaturePlanTest, MemoryTakesWhatTheCacheCannot) {
  EXPECT_THAT(PlanFeatures({{3, 10, 8}}, 0, 0, 10)[0].places, ElementsAre(kMemory));
  EXPECT_THAT(PlanFeatures({{3, 10, 8}}, 0, 0, 9)[0].places, IsEmpty());
  EXPECT_THAT(PlanFeatures({{3, 10, 8}}, 2, 17, 8)[0].places, ElementsAre(kCache, kMemory));
  // The small features are cached though the maps are not.
  const auto plans = PlanFeatures(kCuts, 0, 20, 100);
  EXPECT_THAT(plans[0].places, ElementsAre(kMemory));
  EXPECT_THAT(plans[1].places, ElementsAre(kCache));
}

}  // namespace
}  // namespace graft::recipes
