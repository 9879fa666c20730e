// Workers and servers that are killed: whole processes, a network of random weights, pictures that
// the test draws.

#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/crash_test.h"

namespace graft {
namespace {

using ::testing::HasSubstr;

TEST_F(WorkerCrashTest, AKilledWorkersJobGoesOnFromItsLastCheckpoint) {
  StartServer();
  const std::string id = Start(Upload(), 12);
  ASSERT_TRUE(AwaitCheckpoint(id, 2));
  const int pid = server_->PidOfAttempt(id, 1);
  ASSERT_GT(pid, 0);
  kill(pid, SIGKILL);
  const v1::Job job = AwaitEnd(id);
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.error().message();
  EXPECT_EQ(job.attempts(), 2);
  EXPECT_EQ(job.crashes(), 1);
  EXPECT_EQ(job.model_version(), 1);
  // No epoch before the checkpoint was trained again: those said after the second lease begin
  // where the first attempt's checkpoints end.
  int leases = 0;
  int first_epoch_again = 0;
  Watch(id, [&](const v1::JobEvent& event) {
    if (event.state().state() == v1::JOB_STATE_RUNNING) ++leases;
    if (leases == 2 && event.has_metrics() && first_epoch_again == 0) {
      first_epoch_again = event.metrics().epoch();
    }
    return event.state().has_job();
  });
  EXPECT_EQ(leases, 2);
  EXPECT_GE(first_epoch_again, 3);
}

TEST_F(WorkerCrashTest, AfterAKilledServerEveryAcknowledgedJobIsThereAndEnds) {
  StartServer();
  const std::string dataset = Upload();
  const std::string running = Start(dataset, 8);
  const std::string waiting = Start(dataset, 2);
  ASSERT_TRUE(AwaitCheckpoint(running, 1));
  const int worker = server_->PidOfAttempt(running, 1);
  server_->Kill();
  StartServer();
  for (const std::string& id : {running, waiting}) {
    const v1::Job job = AwaitEnd(id);
    EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.error().message();
    EXPECT_EQ(job.crashes(), 0) << "the worker died with its server, not of the job";
  }
  EXPECT_EQ(Get(running).attempts(), 2);
  EXPECT_NE(kill(worker, 0), 0) << "the worker outlived its server";
}

TEST_F(WorkerCrashTest, AJobThatTakesTheServerDownWithItFailsInTheEnd) {
  const std::vector<std::string> flags = {"--max-job-unclean-ends=2"};
  StartServer(flags);
  const std::string id = Start(Upload(), 10'000);
  for (int attempt = 1; attempt <= 2; ++attempt) {
    // Long before its first epoch is over.
    ASSERT_FALSE(server_->AwaitLine({"job leased", id}).empty()) << attempt;
    server_->Kill();
    StartServer(flags);
  }
  const v1::Job job = AwaitEnd(id);
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(job.crashes(), 0);
  EXPECT_THAT(job.error().message(), HasSubstr("the server was killed 2 times"));
}

TEST_F(WorkerCrashTest, WhereMemoryRunsOutWorkersGoBeforeTheServer) {
  StartServer();
  ASSERT_FALSE(server_->AwaitLine({"worker is ready"}).empty());
  const int worker = server_->WorkerPid("worker-0.1");
  ASSERT_GT(worker, 0);
  int score = 0;
  std::ifstream(absl::StrCat("/proc/", worker, "/oom_score_adj")) >> score;
  EXPECT_EQ(score, 900);
}

TEST_F(WorkerCrashTest, AJobThatKillsThreeWorkersFailsWithTheCause) {
  StartServer();
  const std::string id = Start(Upload(), 10'000);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const int pid = server_->PidOfAttempt(id, attempt);
    ASSERT_GT(pid, 0) << attempt;
    kill(pid, SIGKILL);
  }
  const v1::Job job = AwaitEnd(id);
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(job.crashes(), 3);
  EXPECT_THAT(job.error().message(), HasSubstr("killed by signal 9"));
}

TEST_F(WorkerCrashTest, ACancelledJobEndsWithinTenSecondsAlsoWhenItsWorkerHangs) {
  StartServer();
  const std::string dataset = Upload();
  for (const bool hangs : {false, true}) {
    SCOPED_TRACE(hangs);
    const std::string id = Start(dataset, 10'000);
    ASSERT_TRUE(AwaitCheckpoint(id, 1));
    if (hangs) kill(server_->PidOfAttempt(id, 1), SIGSTOP);
    const absl::Time asked = absl::Now();
    grpc::ClientContext context;
    v1::CancelJobRequest request;
    request.set_job_id(id);
    v1::CancelJobResponse response;
    ASSERT_TRUE(server_->jobs().CancelJob(&context, request, &response).ok());
    EXPECT_EQ(AwaitEnd(id).state(), v1::JOB_STATE_CANCELLED);
    EXPECT_LT(absl::Now() - asked, absl::Seconds(10));
  }
}

TEST_F(WorkerCrashTest, SigtermGivesTheJobBackAndTheNextServerEndsIt) {
  StartServer();
  const std::string id = Start(Upload(), 8);
  ASSERT_TRUE(AwaitCheckpoint(id, 1));
  EXPECT_TRUE(server_->Terminate().clean());
  StartServer();
  const v1::Job job = AwaitEnd(id);
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.error().message();
  EXPECT_EQ(job.attempts(), 2);
  EXPECT_EQ(job.crashes(), 0);
}

}  // namespace
}  // namespace graft
