// Workers and servers that are killed: whole processes, a network of random weights, pictures that
// the test draws.

#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "tests/integration/server_process.h"
#include "tests/integration/tiny_backbone.h"

namespace graft {
namespace {

using ::testing::HasSubstr;

// Workers run at nice 19: where the machine is busy otherwise they hardly run at all.
constexpr absl::Duration kPatience = absl::Minutes(5);

class WorkerCrashTest : public ::testing::Test {
 protected:
  WorkerCrashTest() { WriteTinyBackbone(folder_.path() / "weights"); }

  void StartServer(const std::vector<std::string>& flags = {}) {
    server_.reset();
    server_ = std::make_unique<ServerProcess>(folder_.path(), flags);
  }

  std::string Upload() {
    grpc::ClientContext context;
    v1::UploadDatasetResponse response;
    const auto stream = server_->datasets().UploadDataset(&context, &response);
    v1::UploadDatasetRequest request;
    request.mutable_header()->set_format(v1::ARCHIVE_FORMAT_TAR);
    EXPECT_TRUE(stream->Write(request));
    request.set_chunk(TinyDatasetTar(3, 16));
    EXPECT_TRUE(stream->Write(request));
    stream->WritesDone();
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.dataset().id();
  }

  // A job that trains the whole network for so many epochs.
  std::string Start(const std::string& dataset, int epochs) {
    grpc::ClientContext context;
    v1::StartFineTuneRequest request;
    request.mutable_spec()->set_dataset_id(dataset);
    request.mutable_spec()->set_model("colours");
    request.mutable_spec()->mutable_task()->mutable_classification();
    request.mutable_spec()->set_strategy(v1::STRATEGY_FULL);
    v1::TrainingOptions* training = request.mutable_spec()->mutable_training();
    training->set_epochs(epochs);
    training->set_head_epochs(0);
    training->set_batch_size(8);
    training->set_early_stopping_patience(0);
    v1::StartFineTuneResponse response;
    const grpc::Status status = server_->jobs().StartFineTune(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job().id();
  }

  v1::Job Get(const std::string& id) {
    grpc::ClientContext context;
    v1::GetStatusRequest request;
    request.set_job_id(id);
    v1::GetStatusResponse response;
    const grpc::Status status = server_->jobs().GetStatus(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job();
  }

  // Follows the job until `stop` likes an event, or to its end. False: too late.
  bool Watch(const std::string& id, const std::function<bool(const v1::JobEvent&)>& stop) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    v1::WatchRequest request;
    request.set_job_id(id);
    const auto stream = server_->jobs().Watch(&context, request);
    v1::WatchResponse response;
    while (stream->Read(&response)) {
      if (stop(response.event())) {
        context.TryCancel();
        return true;
      }
    }
    return false;
  }
  bool AwaitCheckpoint(const std::string& id, int epoch) {
    return Watch(id, [&](const v1::JobEvent& event) {
      return event.has_checkpoint() && event.checkpoint().epoch() >= epoch;
    });
  }
  v1::Job AwaitEnd(const std::string& id) {
    EXPECT_TRUE(Watch(id, [](const v1::JobEvent& event) { return event.state().has_job(); }));
    return Get(id);
  }

  TempDirectory folder_ = *TempDirectory::Create({}, "graft-crash-");
  std::unique_ptr<ServerProcess> server_;
};

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
