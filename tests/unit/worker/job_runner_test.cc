#include "worker/job_runner.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "core/artifacts/manifest.h"
#include "tests/unit/worker/job_runner_fixture.h"
#include "wire/status.h"

namespace graft::worker {
namespace {

using ::testing::HasSubstr;

TEST_F(JobRunnerTest, SuccessWritesWholeArtefactsBeforeItPublishesThem) {
  trainer_.train = [](const Trainer::Run& run) {
    EXPECT_TRUE(run.checkpoints->Save(1, "state").ok());
    return SmallResult();
  };
  runner_->RunJob(Job());
  const v1::FinishRequest finish = Finished();
  EXPECT_EQ(finish.outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_EQ(finish.artifact().prefix(), "jobs/a/1");
  EXPECT_EQ(finish.report().classification().confusion().cells_size(), 3);
  EXPECT_EQ(finish.best_epoch(), 2);
  const auto verified =
      artifacts::LoadVerifiedManifest(*blobs_, "jobs/a/1", finish.artifact().manifest_sha256());
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_NE(verified->manifest.Find("model.safetensors"), nullptr);
  EXPECT_TRUE(model::ModelDescriptionFromJson(verified->manifest.description).ok());
  EXPECT_TRUE(blobs_->List("checkpoints/", "", 10)->empty()) << "checkpoints of a job that is over";
}

TEST_F(JobRunnerTest, HeartbeatsGoOnWhileAStepIsLong) {
  trainer_.train = [this](const Trainer::Run&) {
    absl::MutexLock lock(&service_.mutex);
    service_.mutex.Await(absl::Condition(
        +[](int* heartbeats) { return *heartbeats >= 5; }, &service_.heartbeats));
    return SmallResult();
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(JobRunnerTest, ACancelEndsTheRunAndIsSaid) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.desired = graft::v1::DESIRED_STATE_CANCEL;
  }
  trainer_.train = [](const Trainer::Run& run) { return UntilNot(training::RunSignal::kRun, run); };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_CANCELLED);
}

TEST_F(JobRunnerTest, AStopEndsTheRunAndPublishesTheBestSoFar) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.desired = graft::v1::DESIRED_STATE_STOP;
  }
  trainer_.train = [](const Trainer::Run& run) {
    while (run.desired() == training::RunSignal::kRun) std::this_thread::yield();
    EXPECT_EQ(run.desired(), training::RunSignal::kStop);
    training::FineTuneResult result = SmallResult();
    result.stop_reason = training::StopReason::kStopped;
    return result;
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_EQ(Finished().stop_reason(), graft::v1::STOP_REASON_STOPPED);
}

TEST_F(JobRunnerTest, AStopBeforeThereIsAnythingToPublishEndsTheJobAsCancelled) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.desired = graft::v1::DESIRED_STATE_STOP;
  }
  trainer_.train = [](const Trainer::Run& run) { return UntilNot(training::RunSignal::kRun, run); };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_CANCELLED) << "given back, it is leased for ever";
}

TEST_F(JobRunnerTest, AWorkerThatIsToldToEndGivesAStoppingJobBackToTheNext) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.desired = graft::v1::DESIRED_STATE_STOP;
  }
  trainer_.train = [this](const Trainer::Run& run) {
    while (run.desired() != training::RunSignal::kStop) std::this_thread::yield();
    told_to_end_.store(true);
    return UntilNot(training::RunSignal::kStop, run);
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_RELEASED);
}

TEST_F(JobRunnerTest, ADrainKeepsTheCheckpointAndGivesTheJobBack) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.drain = true;
  }
  trainer_.train = [](const Trainer::Run& run) {
    EXPECT_TRUE(run.checkpoints->Save(4, "state").ok());
    return UntilNot(training::RunSignal::kRun, run);
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_RELEASED);
  EXPECT_EQ(blobs_->List("checkpoints/a/", "", 10)->size(), 1u);
}

TEST_F(JobRunnerTest, BeingToldToEndDrainsTheJobAndEndsTheLoop) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.jobs.push_back(Job());
  }
  trainer_.train = [this](const Trainer::Run& run) {
    told_to_end_.store(true);
    return UntilNot(training::RunSignal::kRun, run);
  };
  EXPECT_TRUE(runner_->Run().ok());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_RELEASED);
}

TEST_F(JobRunnerTest, AnIdleWorkerEndsSoonAfterItIsTold) {
  std::thread tell([&] { told_to_end_.store(true); });
  EXPECT_TRUE(runner_->Run().ok());
  tell.join();
}

TEST_F(JobRunnerTest, ALostLeaseDropsTheJobAndPublishesNothing) {
  trainer_.train = [this](const Trainer::Run& run) -> absl::StatusOr<training::FineTuneResult> {
    {
      absl::MutexLock lock(&service_.mutex);
      service_.fence = 2;  // somebody else has it now
    }
    while (run.desired() == training::RunSignal::kRun) std::this_thread::yield();
    return absl::CancelledError("told to");
  };
  runner_->RunJob(Job());
  absl::MutexLock lock(&service_.mutex);
  EXPECT_TRUE(service_.finishes.empty());
}

struct FailureCase {
  const char* name;
  absl::Status status;
  const char* code;
  const char* field;
};

TEST_F(JobRunnerTest, FailuresSayWhatWasWrongAndWhatToDo) {
  const FailureCase cases[] = {
      {"diverged", absl::FailedPreconditionError("NaN in epoch 3"), "FAILED_PRECONDITION", ""},
      {"field", InvalidField("training.epochs", "is odd"), "INVALID_ARGUMENT", "training.epochs"},
      {"data", absl::DataLossError("images are damaged"), "DATA_LOSS", ""},
      {"disk", absl::ResourceExhaustedError("the disk is full"), "RESOURCE_EXHAUSTED", ""},
  };
  for (const FailureCase& failure : cases) {
    SCOPED_TRACE(failure.name);
    {
      absl::MutexLock lock(&service_.mutex);
      service_.finishes.clear();
    }
    trainer_.train = [&](const Trainer::Run&) { return failure.status; };
    runner_->RunJob(Job());
    const v1::FinishRequest finish = Finished();
    EXPECT_EQ(finish.outcome(), v1::OUTCOME_FAILED);
    EXPECT_EQ(finish.error().code(), failure.code);
    EXPECT_EQ(finish.error().message(), failure.status.message());
    EXPECT_EQ(finish.error().field(), failure.field);
    EXPECT_FALSE(finish.error().hint().empty());
  }
}

TEST_F(JobRunnerTest, AnExceptionFailsTheJobNotTheWorker) {
  trainer_.train = [](const Trainer::Run&) -> absl::StatusOr<training::FineTuneResult> {
    throw std::runtime_error("odd tensor");
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().error().code(), "INTERNAL");
  EXPECT_THAT(Finished().error().message(), HasSubstr("odd tensor"));
}

TEST_F(JobRunnerTest, ASpecThatIsWrongFailsWithItsField) {
  v1::LeasedJob job = Job();
  job.mutable_spec()->mutable_fine_tune()->mutable_training()->set_epochs(0);
  runner_->RunJob(job);
  EXPECT_EQ(Finished().error().field(), "spec.training.epochs");
}

TEST_F(JobRunnerTest, ArtefactsThatTheServerRefusesFailTheJob) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.refuse_success = true;
  }
  trainer_.train = [](const Trainer::Run&) { return SmallResult(); };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_FAILED);
  EXPECT_EQ(Finished().error().code(), "DATA_LOSS");
}

TEST_F(JobRunnerTest, TheLogSaysHowAJobEndedThatTheServerWouldNotHave) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.refuse_success = true;
  }
  trainer_.train = [](const Trainer::Run&) { return SmallResult(); };
  ::testing::internal::CaptureStderr();
  const auto logger = wire::Logger::Create("text", "info");
  JobRunner({}, link_.get(), blobs_.get(), &trainer_, Clock::System(), logger.get()).RunJob(Job());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("job ends job=a outcome=OUTCOME_FAILED"));
}

TEST_F(JobRunnerTest, AFinishThatIsTooLargeFailsTheJobAndIsNotSentForEver) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.refuse_success = true;
    service_.refusal = grpc::RESOURCE_EXHAUSTED;  // without a delay to retry after
  }
  trainer_.train = [](const Trainer::Run&) { return SmallResult(); };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_FAILED);
  EXPECT_EQ(Finished().error().code(), "RESOURCE_EXHAUSTED");
}

TEST_F(JobRunnerTest, AFinishThatIsNotTakenEndsWithTheLease) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.failing_finishes = 1 << 30;
  }
  trainer_.train = [](const Trainer::Run&) { return SmallResult(); };
  std::thread run([&] { runner_->RunJob(Job()); });
  {
    absl::MutexLock lock(&service_.mutex);
    const auto tried = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return service_.failing_finishes < 1 << 30;
    };
    service_.mutex.Await(absl::Condition(&tried));
    service_.fence = 2;
  }
  run.join();
  absl::MutexLock lock(&service_.mutex);
  EXPECT_TRUE(service_.finishes.empty());
}

TEST(JobRunnerWithoutServer, EndsWhenTheServerIsGoneForGood) {
  const TempDirectory folder = *TempDirectory::Create();
  const auto blobs = *artifacts::LocalBlobStore::Open(folder.path());
  const auto logger = wire::Logger::Silent();
  ServerLink::Options options;
  options.worker_id = "w";
  options.give_up_after = absl::Milliseconds(300);
  options.call_timeout = absl::Milliseconds(100);
  ServerLink link(options, ServerLink::Connect("unix:" + (folder.path() / "none.sock").string()),
                  Clock::System());
  FakeTrainer trainer;
  JobRunner runner({}, &link, blobs.get(), &trainer, Clock::System(), logger.get());
  EXPECT_TRUE(absl::IsUnavailable(runner.Run()));
}

}  // namespace
}  // namespace graft::worker
