#include "worker/job_runner.h"

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/artifacts/manifest.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "tests/fakes/loopback_server.h"
#include "tests/unit/worker/fake_worker_service.h"
#include "wire/status.h"
#include "wire/time.h"

namespace graft {
namespace {

using ::testing::HasSubstr;

// Trains nothing: does what the test says.
class FakeTrainer final : public Trainer {
 public:
  absl::StatusOr<FineTuneResult> Train(const Run& run) override { return train(run); }
  bool IsDrained(const absl::Status& status) const override {
    return absl::StartsWith(status.message(), "drained");
  }
  std::function<absl::StatusOr<FineTuneResult>(const Run&)> train;
};

FineTuneResult SmallResult() {
  FineTuneResult result;
  result.model = "tensors";
  result.description.backbone = "efficientnet_lite0";
  result.description.backbone_digest = Sha256Hex("weights");
  result.description.cut_point = "features";
  result.description.head = {HeadKind::kLinear, {8, 7, 7}, 0, 0, 2};
  result.description.task = "classification";
  result.description.outputs = R"({"labels":["cat","dog"]})";
  result.report.examples = 8;
  result.report.json = R"({"accuracy":0.875,"images":8,"confusion":{"cells":[
      {"true_class":0,"predicted_class":0,"images":3},
      {"true_class":0,"predicted_class":1,"images":1},
      {"true_class":1,"predicted_class":1,"images":4}]}})";
  result.metrics = {{"validation_accuracy", 0.875}};
  result.best_epoch = 2;
  result.card_json = R"({"classes": 2})";
  return result;
}

class JobRunnerTest : public ::testing::Test {
 protected:
  JobRunnerTest() {
    ServerLink::Options options;
    options.worker_id = "w";
    options.give_up_after = absl::Seconds(20);
    link_ = std::make_unique<ServerLink>(options, ServerLink::Connect(server_.address()),
                                         Clock::System());
    JobRunner::Options runner;
    runner.told_to_end = [this] { return told_to_end_.load(); };
    runner_ = std::make_unique<JobRunner>(runner, link_.get(), blobs_.get(), &trainer_,
                                          Clock::System(), logger_.get());
  }

  worker::v1::LeasedJob Job(uint64_t fence = 1) {
    worker::v1::LeasedJob job;
    job.set_job_id("a");
    job.set_project("default");
    job.set_fence(fence);
    job.set_attempt(1);
    job.set_artifact_prefix(absl::StrCat("jobs/a/", fence));
    job.set_checkpoint_prefix("checkpoints/a");
    *job.mutable_heartbeat_interval() = ToProto(absl::Milliseconds(10));
    v1::FineTuneSpec* spec = job.mutable_spec()->mutable_fine_tune();
    spec->set_dataset_id("dataset-1");
    spec->set_model("stamps");
    spec->mutable_task()->mutable_classification();
    return job;
  }
  // The only Finish there was.
  worker::v1::FinishRequest Finished() {
    absl::MutexLock lock(&service_.mutex);
    EXPECT_EQ(service_.finishes.size(), 1u);
    return service_.finishes.empty() ? worker::v1::FinishRequest() : service_.finishes[0];
  }
  // Waits in a training step until something is wanted of the job.
  static absl::Status UntilNot(RunSignal unwanted, const Trainer::Run& run) {
    while (run.desired() == unwanted) std::this_thread::yield();
    return run.desired() == RunSignal::kDrain ? absl::AbortedError("drained")
                                              : absl::CancelledError("told to");
  }

  FakeWorkerService service_;
  LoopbackServer server_{&service_};
  TempDirectory folder_ = *TempDirectory::Create();
  std::unique_ptr<BlobStore> blobs_ = *LocalBlobStore::Open(folder_.path());
  std::unique_ptr<Logger> logger_ = Logger::Silent();
  std::atomic<bool> told_to_end_{false};
  FakeTrainer trainer_;
  std::unique_ptr<ServerLink> link_;
  std::unique_ptr<JobRunner> runner_;
};

TEST_F(JobRunnerTest, SuccessWritesWholeArtefactsBeforeItPublishesThem) {
  trainer_.train = [](const Trainer::Run& run) {
    EXPECT_TRUE(run.checkpoints->Save(1, "state").ok());
    return SmallResult();
  };
  runner_->RunJob(Job());
  const worker::v1::FinishRequest finish = Finished();
  EXPECT_EQ(finish.outcome(), worker::v1::OUTCOME_SUCCEEDED);
  EXPECT_EQ(finish.artifact().prefix(), "jobs/a/1");
  EXPECT_EQ(finish.report().classification().confusion().cells_size(), 3);
  EXPECT_EQ(finish.best_epoch(), 2);
  const auto manifest =
      LoadVerifiedManifest(*blobs_, "jobs/a/1", finish.artifact().manifest_sha256());
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_NE(manifest->Find("model.safetensors"), nullptr);
  EXPECT_TRUE(ModelDescriptionFromJson(manifest->description).ok());
  EXPECT_TRUE(blobs_->List("checkpoints/", "", 10)->empty()) << "checkpoints of a job that is over";
}

TEST_F(JobRunnerTest, EventsArriveOnceAndInOrderThoughTheServerIsAwayForAWhile) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.failing_reports = 3;
    service_.failing_finishes = 2;
  }
  trainer_.train = [](const Trainer::Run& run) {
    for (int i = 0; i < 1'200; ++i) run.observer->OnLog(absl::StrCat("line ", i));
    EpochMetrics epoch;
    epoch.phase = "head";
    epoch.epoch = 1;
    epoch.best = true;
    run.observer->OnEpoch(epoch);
    run.observer->OnCheckpoint({1, true});
    return SmallResult();
  };
  runner_->RunJob(Job());
  const std::vector<v1::JobEvent> events = service_.Events();
  ASSERT_EQ(events.size(), 1'202u);
  for (int i = 0; i < 1'200; ++i) {
    ASSERT_EQ(events[static_cast<size_t>(i)].log().text(), absl::StrCat("line ", i));
  }
  EXPECT_EQ(events[1'200].metrics().epoch(), 1);
  EXPECT_TRUE(events[1'201].checkpoint().best());
  EXPECT_EQ(Finished().outcome(), worker::v1::OUTCOME_SUCCEEDED);
  absl::MutexLock lock(&service_.mutex);
  EXPECT_EQ(service_.reports.back().best_epoch(), 1);
}

TEST_F(JobRunnerTest, ProgressIsAnEventOncePerStageAndAlwaysInTheReport) {
  trainer_.train = [this](const Trainer::Run& run) {
    TrainingProgress progress;
    const auto reported = [&](size_t count) {
      absl::MutexLock lock(&service_.mutex);
      const auto enough = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return service_.reports.size() >= count;
      };
      service_.mutex.Await(absl::Condition(&enough));
    };
    size_t count = 0;
    for (const char* stage : {"head", "head", "head", "evaluate"}) {
      progress.stage = stage;
      progress.fraction += 0.1;
      run.observer->OnProgress(progress);
      reported(++count);
    }
    return SmallResult();
  };
  runner_->RunJob(Job());
  std::vector<std::string> stages;
  for (const v1::JobEvent& event : service_.Events()) {
    if (event.has_progress()) stages.push_back(event.progress().stage());
  }
  EXPECT_EQ(stages, (std::vector<std::string>{"head", "evaluate"}));
  absl::MutexLock lock(&service_.mutex);
  for (size_t i = 0; i < service_.reports.size(); ++i) {
    EXPECT_EQ(service_.reports[i].batch(), i + 1);
    if (i >= 4) continue;
    EXPECT_NEAR(service_.reports[i].progress().fraction(), 0.1 * static_cast<double>(i + 1), 1e-9);
  }
}

TEST_F(JobRunnerTest, CountersAreReportedAsGrowth) {
  trainer_.train = [](const Trainer::Run& run) {
    TrainingCounters counters;
    counters.training_images = 32;
    run.observer->OnCounters(counters);
    counters.training_images = 64;
    run.observer->OnCounters(counters);
    FineTuneResult result = SmallResult();
    result.counters.training_images = 100;
    return result;
  };
  runner_->RunJob(Job());
  int64_t sum = 0;
  absl::MutexLock lock(&service_.mutex);
  for (const auto& report : service_.reports) sum += report.counters().training_images();
  EXPECT_EQ(sum, 100);
}

TEST_F(JobRunnerTest, HeartbeatsGoOnWhileAStepIsLong) {
  trainer_.train = [this](const Trainer::Run&) {
    absl::MutexLock lock(&service_.mutex);
    service_.mutex.Await(absl::Condition(
        +[](int* heartbeats) { return *heartbeats >= 5; }, &service_.heartbeats));
    return SmallResult();
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), worker::v1::OUTCOME_SUCCEEDED);
}

TEST_F(JobRunnerTest, ACancelEndsTheRunAndIsSaid) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.desired = v1::DESIRED_STATE_CANCEL;
  }
  trainer_.train = [](const Trainer::Run& run) { return UntilNot(RunSignal::kRun, run); };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), worker::v1::OUTCOME_CANCELLED);
}

TEST_F(JobRunnerTest, ADrainKeepsTheCheckpointAndGivesTheJobBack) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.drain = true;
  }
  trainer_.train = [](const Trainer::Run& run) {
    EXPECT_TRUE(run.checkpoints->Save(4, "state").ok());
    return UntilNot(RunSignal::kRun, run);
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), worker::v1::OUTCOME_RELEASED);
  EXPECT_EQ(blobs_->List("checkpoints/a/", "", 10)->size(), 1u);
}

TEST_F(JobRunnerTest, BeingToldToEndDrainsTheJobAndEndsTheLoop) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.jobs.push_back(Job());
  }
  trainer_.train = [this](const Trainer::Run& run) {
    told_to_end_.store(true);
    return UntilNot(RunSignal::kRun, run);
  };
  EXPECT_TRUE(runner_->Run().ok());
  EXPECT_EQ(Finished().outcome(), worker::v1::OUTCOME_RELEASED);
}

TEST_F(JobRunnerTest, AnIdleWorkerEndsSoonAfterItIsTold) {
  std::thread tell([&] { told_to_end_.store(true); });
  EXPECT_TRUE(runner_->Run().ok());
  tell.join();
}

TEST_F(JobRunnerTest, ALostLeaseDropsTheJobAndPublishesNothing) {
  trainer_.train = [this](const Trainer::Run& run) -> absl::StatusOr<FineTuneResult> {
    {
      absl::MutexLock lock(&service_.mutex);
      service_.fence = 2;  // somebody else has it now
    }
    while (run.desired() == RunSignal::kRun) std::this_thread::yield();
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
    const worker::v1::FinishRequest finish = Finished();
    EXPECT_EQ(finish.outcome(), worker::v1::OUTCOME_FAILED);
    EXPECT_EQ(finish.error().code(), failure.code);
    EXPECT_EQ(finish.error().message(), failure.status.message());
    EXPECT_EQ(finish.error().field(), failure.field);
    EXPECT_FALSE(finish.error().hint().empty());
  }
}

TEST_F(JobRunnerTest, AnExceptionFailsTheJobNotTheWorker) {
  trainer_.train = [](const Trainer::Run&) -> absl::StatusOr<FineTuneResult> {
    throw std::runtime_error("odd tensor");
  };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().error().code(), "INTERNAL");
  EXPECT_THAT(Finished().error().message(), HasSubstr("odd tensor"));
}

TEST_F(JobRunnerTest, ASpecThatIsWrongFailsWithItsField) {
  worker::v1::LeasedJob job = Job();
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
  EXPECT_EQ(Finished().outcome(), worker::v1::OUTCOME_FAILED);
  EXPECT_EQ(Finished().error().code(), "DATA_LOSS");
}

TEST_F(JobRunnerTest, AFinishThatIsTooLargeFailsTheJobAndIsNotSentForEver) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.refuse_success = true;
    service_.refusal = grpc::RESOURCE_EXHAUSTED;  // without a delay to retry after
  }
  trainer_.train = [](const Trainer::Run&) { return SmallResult(); };
  runner_->RunJob(Job());
  EXPECT_EQ(Finished().outcome(), worker::v1::OUTCOME_FAILED);
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
  const auto blobs = *LocalBlobStore::Open(folder.path());
  const auto logger = Logger::Silent();
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
}  // namespace graft
