#include "server/workers/worker_supervisor.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/unit/server/workers/worker_test_store.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Processes that live and die as the test says.
class FakeLauncher final : public ProcessLauncher {
 public:
  absl::StatusOr<int> Start(const std::vector<std::string>& command, Callbacks callbacks) override {
    if (!refuse.ok()) return refuse;
    commands.push_back(command);
    const int pid = 100 + static_cast<int>(commands.size());
    running[pid] = std::move(callbacks);
    return pid;
  }
  void Signal(int pid, int signal) override {
    absl::MutexLock lock(&mutex_);
    if (running.contains(pid)) signals_.emplace_back(pid, signal);
  }
  std::vector<std::pair<int, int>> signals() const {
    absl::MutexLock lock(&mutex_);
    return signals_;
  }
  void End(int pid, ProcessExit exit) {
    Callbacks callbacks = std::move(running[pid]);
    running.erase(pid);
    callbacks.on_exit(exit);
  }
  std::string WorkerId(int pid) const {
    return commands[static_cast<size_t>(pid - 101)].back().substr(12);
  }

  absl::Status refuse;
  std::vector<std::vector<std::string>> commands;
  std::map<int, Callbacks> running;

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::pair<int, int>> signals_ ABSL_GUARDED_BY(mutex_);
};

class WorkerSupervisorTest : public ::testing::Test {
 protected:
  void Make(int workers) {
    WorkerSupervisor::Options options;
    options.workers = workers;
    options.command = {"/bin/graft-worker", "--threads=1"};
    supervisor_ = std::make_unique<WorkerSupervisor>(options, store_.get(), &launcher_, &clock_,
                                                     metrics_.get(), logger_.get());
    store_->SetObserver(
        [this](const store::JobChange& change) { supervisor_->OnJobChange(change); });
    supervisor_->Tick();
  }
  void Pass(absl::Duration duration) {
    clock_.Advance(duration);
    supervisor_->Tick();
  }

  FakeClock clock_;
  WorkerTestStore store_{&clock_};
  FakeLauncher launcher_;
  std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::unique_ptr<WorkerSupervisor> supervisor_;
};

constexpr ProcessExit kKilled = {SIGKILL, 0};

TEST_F(WorkerSupervisorTest, StartsAsManyWorkersAsAskedWithIdsOfTheirOwn) {
  Make(2);
  ASSERT_EQ(launcher_.commands.size(), 2u);
  EXPECT_THAT(launcher_.commands[0],
              ElementsAre("/bin/graft-worker", "--threads=1", "--worker-id=worker-0.1"));
  EXPECT_NE(launcher_.commands[0].back(), launcher_.commands[1].back());
}

TEST_F(WorkerSupervisorTest, AKilledWorkersJobIsQueuedAgainAtOnceAsACrash) {
  Make(1);
  store_.Enqueue("a");
  ASSERT_TRUE((*store_->ClaimNextJob(launcher_.WorkerId(101), {})).has_value());
  launcher_.End(101, kKilled);
  supervisor_->Tick();
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
  EXPECT_EQ(store_.Get("a").crashes, 1);
}

TEST_F(WorkerSupervisorTest, AJobThatKillsThreeWorkersFailsWithTheCause) {
  Make(1);
  store_.Enqueue("a");
  for (int pid = 101; pid <= 103; ++pid) {
    ASSERT_TRUE(launcher_.running.contains(pid)) << pid;
    ASSERT_TRUE((*store_->ClaimNextJob(launcher_.WorkerId(pid), {})).has_value());
    launcher_.End(pid, kKilled);
    supervisor_->Tick();
    Pass(absl::Seconds(31));
  }
  const jobs::Job job = store_.Get("a");
  EXPECT_EQ(job.state, jobs::JobState::kFailed);
  EXPECT_EQ(job.crashes, 3);
  EXPECT_THAT(job.error.message, HasSubstr("killed by signal 9 (out of memory?)"));
}

TEST_F(WorkerSupervisorTest, AWorkerThatKeepsDyingIsStartedEverMoreSlowly) {
  Make(1);
  std::vector<absl::Duration> delays;
  for (int pid = 101; pid <= 104; ++pid) {
    launcher_.End(pid, {0, 1});
    const absl::Duration died = clock_.Monotonic();
    supervisor_->Tick();
    while (launcher_.running.empty()) Pass(absl::Milliseconds(100));
    delays.push_back(clock_.Monotonic() - died);
  }
  for (size_t i = 1; i < delays.size(); ++i) EXPECT_GT(delays[i], delays[i - 1]) << i;
}

TEST_F(WorkerSupervisorTest, AWorkerThatLivedLongIsStartedWithTheFirstDelayAgain) {
  Make(1);
  for (int pid = 101; pid <= 105; ++pid) {
    launcher_.End(pid, {0, 1});
    supervisor_->Tick();
    while (launcher_.running.empty()) Pass(absl::Milliseconds(100));
  }
  Pass(absl::Minutes(5));
  launcher_.End(106, {0, 1});
  supervisor_->Tick();
  Pass(absl::Milliseconds(600));
  EXPECT_TRUE(launcher_.running.contains(107));
}

TEST_F(WorkerSupervisorTest, AProgramThatCannotBeStartedIsTriedAgain) {
  launcher_.refuse = absl::NotFoundError("no such program");
  Make(1);
  EXPECT_THAT(launcher_.commands, IsEmpty());
  launcher_.refuse = absl::OkStatus();
  Pass(absl::Seconds(1));
  EXPECT_EQ(launcher_.commands.size(), 1u);
}

TEST_F(WorkerSupervisorTest, ACancelThatIsIgnoredEndsInKillAndCancelledWithinTenSeconds) {
  Make(1);
  store_.Enqueue("a");
  ASSERT_TRUE((*store_->ClaimNextJob(launcher_.WorkerId(101), {})).has_value());
  ASSERT_TRUE(store_->RequestDesired("default", "a", jobs::DesiredState::kCancel).ok());
  Pass(absl::Milliseconds(3900));
  EXPECT_THAT(launcher_.signals(), IsEmpty());
  Pass(absl::Milliseconds(200));
  EXPECT_THAT(launcher_.signals(), ElementsAre(std::pair(101, SIGTERM)));
  Pass(absl::Milliseconds(3800));
  EXPECT_EQ(launcher_.signals().size(), 1u);
  Pass(absl::Milliseconds(200));
  EXPECT_THAT(launcher_.signals(), ElementsAre(std::pair(101, SIGTERM), std::pair(101, SIGKILL)));
  launcher_.End(101, kKilled);
  supervisor_->Tick();
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kCancelled);
  EXPECT_EQ(store_.Get("a").crashes, 0) << "it was asked for";
  // It was not the worker's fault: no pause.
  EXPECT_TRUE(launcher_.running.contains(102));
}

TEST_F(WorkerSupervisorTest, AWorkerThatObeysACancelIsLeftAlone) {
  Make(1);
  store_.Enqueue("a");
  const jobs::Job job = **store_->ClaimNextJob(launcher_.WorkerId(101), {});
  ASSERT_TRUE(store_->RequestDesired("default", "a", jobs::DesiredState::kCancel).ok());
  store::JobOutcome outcome;
  outcome.state = jobs::JobState::kCancelled;
  ASSERT_TRUE(store_->FinishJob("a", job.fence, outcome).ok());
  Pass(absl::Minutes(1));
  EXPECT_THAT(launcher_.signals(), IsEmpty());
}

TEST_F(WorkerSupervisorTest, DrainTellsWorkersThenKillsThemAndNothingCountsAsACrash) {
  Make(2);
  store_.Enqueue("a");
  ASSERT_TRUE((*store_->ClaimNextJob(launcher_.WorkerId(102), {})).has_value());
  std::thread drain([&] { supervisor_->Drain(absl::Seconds(5)); });
  // Time passes until SIGKILL follows SIGTERM, whenever the thread gets going.
  while (true) {
    Pass(absl::Milliseconds(100));
    const auto sent = launcher_.signals();
    if (std::count(sent.begin(), sent.end(), std::pair(102, SIGKILL)) > 0) {
      break;
    }
    std::this_thread::yield();
  }
  EXPECT_THAT(launcher_.signals(), ElementsAre(std::pair(101, SIGTERM), std::pair(102, SIGTERM),
                                               std::pair(101, SIGKILL), std::pair(102, SIGKILL)));
  launcher_.End(101, {0, 0});
  launcher_.End(102, kKilled);
  supervisor_->Tick();
  drain.join();
  Pass(absl::Minutes(5));
  EXPECT_EQ(launcher_.commands.size(), 2u) << "started a worker while draining";
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
  EXPECT_EQ(store_.Get("a").crashes, 0);
}

TEST_F(WorkerSupervisorTest, ADeathWakesTheLoopAndNoTimePasses) {
  Make(1);
  store_.Enqueue("a");
  ASSERT_TRUE((*store_->ClaimNextJob(launcher_.WorkerId(101), {})).has_value());
  supervisor_->Start();
  clock_.WaitForWaiters(1);
  launcher_.End(101, kKilled);
  clock_.WaitForWaiters(1);  // it has looked, and waits again
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
  EXPECT_EQ(store_.Get("a").crashes, 1);
  EXPECT_EQ(clock_.Monotonic(), absl::ZeroDuration());
}

TEST_F(WorkerSupervisorTest, MetricsSayHowManyWorkersAreBusyIdleAndDown) {
  Make(3);
  store_.Enqueue("a");
  ASSERT_TRUE((*store_->ClaimNextJob(launcher_.WorkerId(101), {})).has_value());
  launcher_.End(103, kKilled);
  supervisor_->Tick();
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr("graft_worker_state{state=\"busy\"} 1"));
  EXPECT_THAT(text, HasSubstr("graft_worker_state{state=\"idle\"} 1"));
  EXPECT_THAT(text, HasSubstr("graft_worker_state{state=\"down\"} 1"));
}

}  // namespace
}  // namespace graft::server
