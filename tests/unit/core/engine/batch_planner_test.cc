#include "core/engine/batch_planner.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/fakes/fake_clock.h"

namespace graft::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BatchPlannerTest : public ::testing::Test {
 protected:
  // What a row takes by a plan, in milliseconds.
  using Costs = std::map<std::string, double>;

  absl::StatusOr<BatchPlan> Plan(const Costs& costs, const std::string& machine = "fast",
                                 const std::string& key = "vgg16") {
    measured_.clear();
    BatchPlanner planner(folder_.path() / "plans.txt", machine, &clock_);
    return planner.Plan(key, 2, 8, [&](const BatchPlan& plan) -> absl::StatusOr<BatchPlanner::Run> {
      const std::string name = BatchPlanName(plan);
      measured_.push_back(name);
      if (!costs.contains(name)) return absl::InternalError("cannot be compiled");
      return [this, cost = costs.at(name)](int rows) {
        if (cost < 0) return absl::InternalError("does not run");
        clock_.Advance(absl::Milliseconds(cost * rows * slower_));
        slower_ *= 1.2;  // the machine slows down all the while
        return absl::OkStatus();
      };
    });
  }

  std::string Written() { return ReadFile(folder_.path() / "plans.txt", 1 << 20).value(); }

  TempDirectory folder_ = *TempDirectory::Create();
  FakeClock clock_;
  std::vector<std::string> measured_;
  double slower_ = 1;
};

TEST_F(BatchPlannerTest, TakesTheFastestAndRemembersIt) {
  EXPECT_EQ(*Plan({{"1 x 2", 10}, {"4 x 2", 7}, {"8 x 1", 5}}), (BatchPlan{8, 1}));
  EXPECT_THAT(measured_, ::testing::ElementsAre("1 x 2", "4 x 2", "8 x 1"));
  EXPECT_EQ(*Plan({}), (BatchPlan{8, 1}));
  EXPECT_THAT(measured_, IsEmpty());
  EXPECT_EQ(*Plan({{"1 x 2", 10}, {"4 x 2", 7}, {"8 x 1", 8}}, "fast", "vit"), (BatchPlan{4, 2}));
  EXPECT_EQ(*Plan({}, "fast", "vit"), (BatchPlan{4, 2}));
  EXPECT_EQ(*Plan({}), (BatchPlan{8, 1})) << "the first one is still there";
}

TEST_F(BatchPlannerTest, StaysWithARowAThreadWhereNothingIsClearlyFaster) {
  EXPECT_EQ(*Plan({{"1 x 2", 10}, {"4 x 2", 8.3}, {"8 x 1", 8.3}}), (BatchPlan{1, 2}))
      << "each challenger runs when the machine is a fifth slower";
}

TEST_F(BatchPlannerTest, WhatDoesNotCompileOrRunIsOutOfTheQuestion) {
  EXPECT_EQ(*Plan({{"1 x 2", 10}, {"8 x 1", 2}}), (BatchPlan{8, 1}));
  EXPECT_EQ(*Plan({{"1 x 2", 10}, {"4 x 2", -1}}, "fast", "vit"), (BatchPlan{1, 2}));
  EXPECT_EQ(Plan({{"4 x 2", 1}}, "fast", "lite").status(),
            absl::InternalError("cannot be compiled"));
  EXPECT_EQ(*Plan({{"1 x 2", 1}}, "fast", "lite"), (BatchPlan{1, 2})) << "an error is not kept";
}

TEST_F(BatchPlannerTest, AnotherMachineOrADamagedFileTellsNothing) {
  ASSERT_EQ(*Plan({{"1 x 2", 10}, {"8 x 1", 2}}), (BatchPlan{8, 1}));
  EXPECT_THAT(Written(), HasSubstr("fast\tvgg16, 2 threads, 8 rows\t8 x 1\n"));
  EXPECT_EQ(*Plan({{"1 x 2", 10}}, "slow"), (BatchPlan{1, 2}));
  for (const char* const text :
       {"", "x", "graft batch plans 2\nfast\tvgg16, 2 threads, 8 rows\t8 x 1\n",
        "graft batch plans 1\nfast\tvgg16, 2 threads, 8 rows\t8 x 0\n\t\t\t\n"}) {
    ASSERT_TRUE(WriteFileAtomically(folder_.path() / "plans.txt", text).ok());
    EXPECT_EQ(*Plan({{"1 x 2", 10}}), (BatchPlan{1, 2})) << text;
  }
}

TEST_F(BatchPlannerTest, ThereIsNothingToMeasureWithOneThread) {
  BatchPlanner planner(folder_.path() / "plans.txt", "fast", &clock_);
  const auto never = [](const BatchPlan&) -> absl::StatusOr<BatchPlanner::Run> {
    return absl::InternalError("measured");
  };
  EXPECT_EQ(*planner.Plan("vgg16", 1, 8, never), (BatchPlan{1, 1}));
  EXPECT_EQ(*planner.Plan("vgg16", 8, 1, never), (BatchPlan{1, 1}));
}

}  // namespace
}  // namespace graft::engine
