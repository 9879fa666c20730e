#include "core/engine/batch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BatchPlanTest, NamesAreReadBack) {
  EXPECT_EQ(BatchPlanName({.rows = 4, .streams = 2}), "4 x 2");
  EXPECT_EQ(BatchPlanFromName("4 x 2"), (BatchPlan{4, 2}));
  for (const char* const wrong :
       {"", "4", "4x2", "0 x 2", "4 x 0", "-1 x 2", "4 x 2000", "a x b"}) {
    EXPECT_EQ(BatchPlanFromName(wrong), std::nullopt) << wrong;
  }
}

TEST(BatchPlanTest, UsuallyARowAThread) {
  EXPECT_EQ(UsualBatchPlan(2, 8), (BatchPlan{1, 2}));
  EXPECT_EQ(UsualBatchPlan(16, 8), (BatchPlan{1, 8}));
  EXPECT_EQ(UsualBatchPlan(0, 8), (BatchPlan{1, 1}));
}

TEST(BatchPlanTest, OthersAreSeveralRowsAThreadAndOnePassOfAll) {
  EXPECT_THAT(OtherBatchPlans(2, 8), ElementsAre(BatchPlan{4, 2}, BatchPlan{8, 1}));
  EXPECT_THAT(OtherBatchPlans(2, 1'000'000), ElementsAre(BatchPlan{4, 2}, BatchPlan{8, 1}));
  EXPECT_THAT(OtherBatchPlans(2, 3), ElementsAre(BatchPlan{3, 1}));
  EXPECT_THAT(OtherBatchPlans(1, 8), IsEmpty());
  EXPECT_THAT(OtherBatchPlans(8, 1), IsEmpty());
}

TEST(BatchPlanTest, OnlyFullBatchesGoByIt) {
  const BatchPlan fours{4, 2};
  EXPECT_EQ(RowsByPlan(7, fours), 0);
  EXPECT_EQ(RowsByPlan(8, fours), 8);
  EXPECT_EQ(RowsByPlan(15, fours), 8);
  EXPECT_EQ(RowsByPlan(16, fours), 16);
}

TEST(BatchPlanTest, NoneIsLargerThanIsSaid) {
  for (const int threads : {2, 4, 16, 64}) {
    for (const BatchPlan& plan : OtherBatchPlans(threads, 1024)) {
      EXPECT_LE(plan.rows_at_once(), MostRowsAtOnce(threads));
    }
  }
}

TEST(BatchPlanTest, OnlyWhatIsClearlyFasterInMostRoundsIsTaken) {
  EXPECT_TRUE(IsClearlyFaster({0.9, 0.8, 3.0}));
  EXPECT_FALSE(IsClearlyFaster({0.96, 0.97, 0.5}));
  EXPECT_FALSE(IsClearlyFaster({1.0}));
  EXPECT_FALSE(IsClearlyFaster({}));
}

}  // namespace
}  // namespace graft::engine
