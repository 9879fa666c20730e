#include "core/serving/eviction_policy.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LoadedItem Item(uint64_t own, const std::string& digest, uint64_t used, bool in_use = false,
                uint64_t backbone = 100) {
  return {.bytes = {own, digest, backbone}, .last_used = used, .in_use = in_use};
}

const ModelBytes kNothing;

TEST(EvictionPolicy, EvictsNothingThatFits) {
  EXPECT_THAT(PlanEviction({Item(1, "x", 1), Item(2, "x", 2)}, kNothing, 103).evict, IsEmpty());
  EXPECT_THAT(PlanEviction({Item(1, "x", 1)}, {2, "x", 100}, 103).evict, IsEmpty());
}

TEST(EvictionPolicy, TheLeastRecentlyUsedGoesFirst) {
  const EvictionPlan plan =
      PlanEviction({Item(5, "x", 3), Item(5, "x", 1), Item(5, "x", 2)}, kNothing, 110);
  EXPECT_TRUE(plan.fits);
  EXPECT_THAT(plan.evict, ElementsAre(1));
}

TEST(EvictionPolicy, ABackboneIsWonOnlyWithItsLastUser) {
  const EvictionPlan plan =
      PlanEviction({Item(5, "x", 1), Item(5, "x", 2), Item(5, "y", 3)}, kNothing, 105);
  EXPECT_TRUE(plan.fits);
  EXPECT_THAT(plan.evict, ElementsAre(0, 1));
  // The one to come uses it as well: what it needs of it is not won.
  EXPECT_FALSE(PlanEviction({Item(5, "x", 1, true)}, {1, "x", 100}, 105).fits);
  EXPECT_THAT(PlanEviction({Item(5, "x", 1)}, {1, "x", 100}, 105).evict, ElementsAre(0));
}

TEST(EvictionPolicy, OfABackboneInPartsTheLargestInUseCounts) {
  const std::vector<LoadedItem> items = {Item(5, "x", 1, false, 100), Item(5, "x", 2, true, 40)};
  EXPECT_THAT(PlanEviction(items, kNothing, 109).evict, ElementsAre(0));  // 45 stay
  EXPECT_FALSE(PlanEviction(items, kNothing, 44).fits);
}

TEST(EvictionPolicy, WhatIsInUseStays) {
  const EvictionPlan plan = PlanEviction({Item(5, "x", 1, true), Item(5, "x", 2)}, kNothing, 105);
  EXPECT_THAT(plan.evict, ElementsAre(1));
}

TEST(EvictionPolicy, EvictsNothingWhereItWouldNotHelp) {
  const EvictionPlan plan = PlanEviction({Item(5, "x", 1), Item(50, "x", 2, true)}, kNothing, 105);
  EXPECT_FALSE(plan.fits);
  EXPECT_THAT(plan.evict, IsEmpty());
}

TEST(EvictionPolicy, SizesBeyondReasonDoNotFit) {
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  EXPECT_FALSE(PlanEviction({Item(5, "x", 1)}, {most, "x", most}, most - 1).fits);
}

}  // namespace
}  // namespace graft::serving
