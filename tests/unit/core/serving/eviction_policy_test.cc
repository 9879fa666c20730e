#include "core/serving/eviction_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LoadedItem Item(uint64_t own, const std::string& digest, uint64_t used, bool in_use = false) {
  return {.own_bytes = own,
          .backbone_digest = digest,
          .backbone_bytes = 100,
          .last_used = used,
          .in_use = in_use};
}

TEST(EvictionPolicy, CountsASharedBackboneOnce) {
  EXPECT_EQ(TotalBytes({Item(1, "x", 1), Item(2, "x", 2), Item(4, "y", 3)}), 207u);
}

TEST(EvictionPolicy, EvictsNothingThatFits) {
  EXPECT_THAT(PlanEviction({Item(1, "x", 1), Item(2, "x", 2)}, 103).evict, IsEmpty());
}

TEST(EvictionPolicy, TheLeastRecentlyUsedGoesFirst) {
  const EvictionPlan plan = PlanEviction({Item(5, "x", 3), Item(5, "x", 1), Item(5, "x", 2)}, 110);
  EXPECT_TRUE(plan.fits);
  EXPECT_THAT(plan.evict, ElementsAre(1));
}

TEST(EvictionPolicy, ABackboneIsWonOnlyWithItsLastUser) {
  const EvictionPlan plan = PlanEviction({Item(5, "x", 1), Item(5, "x", 2), Item(5, "y", 3)}, 105);
  EXPECT_TRUE(plan.fits);
  EXPECT_THAT(plan.evict, ElementsAre(0, 1));
}

TEST(EvictionPolicy, WhatIsInUseStays) {
  const EvictionPlan plan = PlanEviction({Item(5, "x", 1, true), Item(5, "x", 2)}, 105);
  EXPECT_THAT(plan.evict, ElementsAre(1));
}

TEST(EvictionPolicy, EvictsNothingWhereItWouldNotHelp) {
  const EvictionPlan plan = PlanEviction({Item(5, "x", 1), Item(50, "x", 2, true)}, 105);
  EXPECT_FALSE(plan.fits);
  EXPECT_THAT(plan.evict, IsEmpty());
}

}  // namespace
}  // namespace graft
