#include "core/training/loop/schedule.h"

#include <cmath>
#include <iterator>
#include <utility>

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

TEST(ScheduleTest, StepDropsAfterEverySoManySteps) {
  Schedule schedule{recipes::ScheduleKind::kStep, 100, 0};
  schedule.drop_steps = 30;
  schedule.drop = 0.5;
  EXPECT_DOUBLE_EQ(schedule.Factor(29), 1);
  EXPECT_DOUBLE_EQ(schedule.Factor(30), 0.5);
  EXPECT_DOUBLE_EQ(schedule.Factor(99), 0.125);
}

// torch.optim.lr_scheduler.OneCycleLR(SGD(lr=1), max_lr=1, total_steps=20), its rate before each of
// the steps named.
TEST(ScheduleTest, OneCycleIsPyTorchs) {
  const Schedule schedule{recipes::ScheduleKind::kOneCycle, 20, 0};
  const std::pair<int, double> golden[] = {{0, 0.04},
                                           {1, 0.131671842700025},
                                           {3, 0.668328157299975},
                                           {5, 1},
                                           {6, 0.987464006235087},
                                           {10, 0.716943001791301},
                                           {15, 0.188258346050237},
                                           {18, 0.0125399937649126},
                                           {19, 4e-06}};
  for (const auto& [step, rate] : golden) EXPECT_NEAR(schedule.Factor(step), rate, 1e-12) << step;
  const Schedule one{recipes::ScheduleKind::kOneCycle, 1, 0};
  EXPECT_DOUBLE_EQ(one.Factor(0), 1) << "one step has no cycle";
}

// torch.optim.lr_scheduler.ReduceLROnPlateau(factor=0.1, patience=1).
TEST(PlateauWatchTest, LowersTheRateWhereValidationStandsStill) {
  PlateauWatch watch;
  const double costs[] = {1.0, 0.9, 0.95, 0.89999, 0.91, 0.92, 0.8, NAN, 0.9};
  const double factors[] = {1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001};
  for (size_t i = 0; i < std::size(costs); ++i) {
    watch.Observe(costs[i], 1, 0.1);
    EXPECT_NEAR(watch.factor, factors[i], 1e-12) << i;
  }
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
