#include "core/training/loop/schedule.h"

#include "gtest/gtest.h"

namespace graft::training {
namespace {

TEST(ScheduleTest, CosineFallsFromOneTowardsZero) {
  const Schedule schedule{recipes::ScheduleKind::kCosine, 100, 0};
  EXPECT_DOUBLE_EQ(schedule.Factor(0), 1.0);
  EXPECT_DOUBLE_EQ(schedule.Factor(50), 0.5);
  EXPECT_NEAR(schedule.Factor(99), 0.000247, 1e-6);
  for (int step = 1; step < 100; ++step) {
    EXPECT_LT(schedule.Factor(step), schedule.Factor(step - 1));
  }
}

TEST(ScheduleTest, WarmUpRisesLinearlyAndItsFirstStepMoves) {
  for (recipes::ScheduleKind kind :
       {recipes::ScheduleKind::kCosine, recipes::ScheduleKind::kConstant}) {
    const Schedule schedule{kind, 20, 4};
    EXPECT_DOUBLE_EQ(schedule.Factor(0), 0.25);
    EXPECT_DOUBLE_EQ(schedule.Factor(1), 0.5);
    EXPECT_DOUBLE_EQ(schedule.Factor(3), 1.0);
    EXPECT_DOUBLE_EQ(schedule.Factor(4), 1.0);
  }
}

TEST(ScheduleTest, ConstantStaysAtOne) {
  const Schedule schedule{recipes::ScheduleKind::kConstant, 20, 0};
  EXPECT_DOUBLE_EQ(schedule.Factor(0), 1.0);
  EXPECT_DOUBLE_EQ(schedule.Factor(19), 1.0);
}

TEST(ScheduleTest, StepsPastTheEndTakeTheLastValue) {
  const Schedule schedule{recipes::ScheduleKind::kCosine, 10, 2};
  EXPECT_DOUBLE_EQ(schedule.Factor(10), schedule.Factor(9));
  EXPECT_DOUBLE_EQ(schedule.Factor(1'000), schedule.Factor(9));
}

TEST(ScheduleTest, WarmUpMayTakeTheWholePhase) {
  const Schedule schedule{recipes::ScheduleKind::kCosine, 3, 3};
  EXPECT_DOUBLE_EQ(schedule.Factor(2), 1.0);
}

}  // namespace
}  // namespace graft::training
