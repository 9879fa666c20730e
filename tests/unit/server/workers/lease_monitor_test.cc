#include "server/workers/lease_monitor.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/unit/server/workers/worker_test_store.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LeaseMonitorTest : public ::testing::Test {
 protected:
  LeaseMonitorTest() {
    LeaseMonitor::Options options;
    options.timeout = absl::Seconds(20);
    options.on_lost = [this](const jobs::RunningLease& lease) { lost_.push_back(lease.worker_id); };
    monitor_ = std::make_unique<LeaseMonitor>(options, store_.get(), &clock_, logger_.get());
  }

  jobs::Job Lease(const std::string& id) {
    store_.Enqueue(id);
    return **store_->ClaimNextJob("worker-" + id, {});
  }
  // Lets `total` pass with a look every second.
  void Pass(absl::Duration total) {
    for (absl::Duration passed; passed < total; passed += absl::Seconds(1)) {
      clock_.Advance(absl::Seconds(1));
      monitor_->Tick();
    }
  }

  FakeClock clock_;
  WorkerTestStore store_{&clock_};
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::vector<std::string> lost_;
  std::unique_ptr<LeaseMonitor> monitor_;
};

TEST_F(LeaseMonitorTest, ASilentWorkerLosesItsJobAfterTheTimeoutAndNotBefore) {
  Lease("a");
  monitor_->Tick();
  Pass(absl::Seconds(19));
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kRunning);
  EXPECT_THAT(lost_, IsEmpty());
  Pass(absl::Seconds(2));
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
  EXPECT_EQ(store_.Get("a").crashes, 1);
  EXPECT_THAT(lost_, ElementsAre("worker-a"));
}

TEST_F(LeaseMonitorTest, AHeartbeatKeepsTheLease) {
  const jobs::Job job = Lease("a");
  for (int i = 0; i < 10; ++i) {
    Pass(absl::Seconds(15));
    ASSERT_TRUE(store_->RenewLease("a", job.fence).ok());
  }
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kRunning);
}

TEST_F(LeaseMonitorTest, ClockJumpsMoveNoLease) {
  Lease("a");
  monitor_->Tick();
  clock_.JumpWall(absl::Hours(1));
  Pass(absl::Seconds(10));
  clock_.JumpWall(-absl::Hours(2));
  Pass(absl::Seconds(9));
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kRunning);
  Pass(absl::Seconds(2));
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
}

TEST_F(LeaseMonitorTest, AServerThatSleptGivesEveryLeaseItsWholeTimeAgain) {
  Lease("a");
  monitor_->Tick();
  clock_.Advance(absl::Minutes(10));
  monitor_->Tick();
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kRunning);
  Pass(absl::Seconds(19));
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kRunning);
  Pass(absl::Seconds(2));
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
}

TEST_F(LeaseMonitorTest, AJobThatSilencesThreeWorkersFailsWithTheCause) {
  Lease("a");
  for (int i = 0; i < 3; ++i) {
    if (i > 0) {
      ASSERT_TRUE((*store_->ClaimNextJob("again", {})).has_value());
    }
    Pass(absl::Seconds(22));
  }
  const jobs::Job job = store_.Get("a");
  EXPECT_EQ(job.state, jobs::JobState::kFailed);
  EXPECT_EQ(job.crashes, 3);
  EXPECT_THAT(job.error.message, HasSubstr("no heartbeat"));
}

}  // namespace
}  // namespace graft::server
