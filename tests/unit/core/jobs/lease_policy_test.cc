#include "core/jobs/lease_policy.h"

#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"

namespace graft::jobs {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

TEST(LeaseWatcher, ALeaseWhoseCounterStandsStillForTheTimeoutIsDead) {
  LeaseWatcher watcher(kTimeout);
  const std::vector<RunningLease> running = {{"job", 1, 5, "w"}};
  EXPECT_TRUE(watcher.Observe(running, absl::Seconds(100)).empty());
  EXPECT_TRUE(watcher.Observe(running, absl::Seconds(119.9)).empty());
  const auto dead = watcher.Observe(running, absl::Seconds(120));
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].job_id, "job");
  EXPECT_EQ(dead[0].fence, 1u);
}

TEST(LeaseWatcher, ARenewalStartsTheTimeAgain) {
  LeaseWatcher watcher(kTimeout);
  watcher.Observe({{"job", 1, 5, "w"}}, absl::Seconds(0));
  watcher.Observe({{"job", 1, 6, "w"}}, absl::Seconds(15));
  EXPECT_TRUE(watcher.Observe({{"job", 1, 6, "w"}}, absl::Seconds(34)).empty());
  EXPECT_EQ(watcher.Observe({{"job", 1, 6, "w"}}, absl::Seconds(35)).size(), 1u);
}

TEST(LeaseWatcher, ANewFenceIsANewLeaseEvenWithTheSameCounter) {
  LeaseWatcher watcher(kTimeout);
  watcher.Observe({{"job", 1, 0, "w"}}, absl::Seconds(0));
  EXPECT_TRUE(watcher.Observe({{"job", 2, 0, "x"}}, absl::Seconds(30)).empty());
}

TEST(LeaseWatcher, AWatcherThatJustStartedKillsNobody) {
  LeaseWatcher watcher(kTimeout);
  EXPECT_TRUE(watcher.Observe({{"job", 1, 0, "w"}}, absl::Hours(1000)).empty());
}

TEST(LeaseWatcher, AJobThatStoppedRunningIsForgotten) {
  LeaseWatcher watcher(kTimeout);
  watcher.Observe({{"job", 1, 0, "w"}}, absl::Seconds(0));
  watcher.Observe({}, absl::Seconds(1));
  EXPECT_TRUE(watcher.Observe({{"job", 1, 0, "w"}}, absl::Seconds(30)).empty());
}

TEST(LeaseTimes, SeveralHeartbeatsMayBeLostAndTheNextIsStillInTime) {
  for (const absl::Duration interval :
       {absl::Milliseconds(10), absl::Seconds(1), absl::Seconds(7), absl::Minutes(1)}) {
    for (const double longer : {1.0, 1.5, 4.0, 20.0}) {
      const absl::Duration lease = longer * ShortestLease(interval);
      const absl::Duration timeout = HeartbeatTimeout(lease, interval);
      EXPECT_GE(timeout, interval) << "a heartbeat has as much time as lies between two";
      // The worst: each of the lost ones takes all its time, and so does the one that arrives.
      LeaseWatcher watcher(lease);
      absl::Duration now;
      watcher.Observe({{"job", 1, 0, "w"}}, now);
      for (int lost = 0; lost < kLostHeartbeats; ++lost) now += interval + timeout;
      now += interval + timeout - absl::Milliseconds(1);
      EXPECT_TRUE(watcher.Observe({{"job", 1, 0, "w"}}, now).empty()) << interval << ", " << lease;
      EXPECT_TRUE(watcher.Observe({{"job", 1, 1, "w"}}, now).empty());
      EXPECT_EQ(watcher.Observe({{"job", 1, 1, "w"}}, now + lease).size(), 1u);
    }
  }
}

TEST(LeaseWatcher, AJumpOfTheWallClockMovesNoLease) {
  FakeClock clock;
  LeaseWatcher watcher(kTimeout);
  const std::vector<RunningLease> running = {{"job", 1, 0, "w"}};
  watcher.Observe(running, clock.Monotonic());
  clock.JumpWall(absl::Hours(1));
  EXPECT_TRUE(watcher.Observe(running, clock.Monotonic()).empty());
  clock.JumpWall(-absl::Hours(2));
  clock.Advance(kTimeout);
  EXPECT_EQ(watcher.Observe(running, clock.Monotonic()).size(), 1u);
}

}  // namespace
}  // namespace graft::jobs
