#include "worker/idle_trainer.h"

#include <sched.h>
#include <thread>

#include <gtest/gtest.h>

#include "absl/status/status.h"

#include "tests/unit/worker/job_runner_fixture.h"

namespace graft::worker {
namespace {

TEST(IdleTrainerTest, TrainsAtIdlePriorityAndSoDoTheThreadsThatItStarts) {
  FakeTrainer inner;
  int policy = -1;
  int policy_of_more = -1;
  inner.train = [&](const Trainer::Run&) {
    policy = sched_getscheduler(0);
    std::thread([&] { policy_of_more = sched_getscheduler(0); }).join();
    return SmallResult();
  };
  IdleTrainer trainer(&inner);
  const absl::StatusOr<training::FineTuneResult> result = trainer.Train({});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->model, SmallResult().model);
  EXPECT_EQ(policy, SCHED_IDLE);
  EXPECT_EQ(policy_of_more, SCHED_IDLE);
}

TEST(IdleTrainerTest, LeavesTheThreadThatCallsItAsItIs) {
  const int before = sched_getscheduler(0);
  RunAtIdlePriority([] {});
  EXPECT_EQ(sched_getscheduler(0), before);
}

TEST(IdleTrainerTest, HandsOnWhatWentWrongAndWhetherThatIsADrain) {
  FakeTrainer inner;
  inner.train = [](const Trainer::Run&) { return absl::CancelledError("drained here"); };
  IdleTrainer trainer(&inner);
  const absl::Status status = trainer.Train({}).status();
  EXPECT_EQ(status, absl::CancelledError("drained here"));
  EXPECT_TRUE(trainer.IsDrained(status));
  EXPECT_FALSE(trainer.IsDrained(absl::InternalError("no")));
}

}  // namespace
}  // namespace graft::worker
