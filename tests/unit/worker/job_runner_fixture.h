#ifndef GRAFT_TESTS_UNIT_WORKER_JOB_RUNNER_FIXTURE_H_
#define GRAFT_TESTS_UNIT_WORKER_JOB_RUNNER_FIXTURE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "tests/fakes/loopback_server.h"
#include "tests/unit/worker/fake_worker_service.h"
#include "wire/time.h"
#include "worker/job_runner.h"

namespace graft::worker {

// Trains nothing: does what the test says.
class FakeTrainer final : public Trainer {
 public:
  absl::StatusOr<training::FineTuneResult> Train(const Run& run) override { return train(run); }
  bool IsDrained(const absl::Status& status) const override {
    return absl::StartsWith(status.message(), "drained");
  }
  std::function<absl::StatusOr<training::FineTuneResult>(const Run&)> train;
};

inline training::FineTuneResult SmallResult() {
  training::FineTuneResult result;
  result.model = "tensors";
  result.description.backbone = "efficientnet_lite0";
  result.description.backbone_digest = Sha256Hex("weights");
  result.description.cut_point = "features";
  result.description.head = {model::HeadKind::kLinear, {8, 7, 7}, 0, 0, 2};
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

  v1::LeasedJob Job(uint64_t fence = 1) {
    v1::LeasedJob job;
    job.set_job_id("a");
    job.set_project("default");
    job.set_fence(fence);
    job.set_attempt(1);
    job.set_artifact_prefix(absl::StrCat("jobs/a/", fence));
    job.set_checkpoint_prefix("checkpoints/a");
    *job.mutable_heartbeat_interval() = wire::ToProto(absl::Milliseconds(10));
    graft::v1::FineTuneSpec* spec = job.mutable_spec()->mutable_fine_tune();
    spec->set_dataset_id("dataset-1");
    spec->set_model("stamps");
    spec->mutable_task()->mutable_classification();
    return job;
  }
  // The only Finish there was.
  v1::FinishRequest Finished() {
    absl::MutexLock lock(&service_.mutex);
    EXPECT_EQ(service_.finishes.size(), 1u);
    return service_.finishes.empty() ? v1::FinishRequest() : service_.finishes[0];
  }
  // Waits in a training step until something is wanted of the job.
  static absl::Status UntilNot(training::RunSignal unwanted, const Trainer::Run& run) {
    while (run.desired() == unwanted) std::this_thread::yield();
    return run.desired() == training::RunSignal::kDrain ? absl::AbortedError("drained")
                                                        : absl::CancelledError("told to");
  }

  FakeWorkerService service_;
  LoopbackServer server_{&service_};
  TempDirectory folder_ = *TempDirectory::Create();
  std::unique_ptr<artifacts::BlobStore> blobs_ = *artifacts::LocalBlobStore::Open(folder_.path());
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::atomic<bool> told_to_end_{false};
  FakeTrainer trainer_;
  std::unique_ptr<ServerLink> link_;
  std::unique_ptr<JobRunner> runner_;
};

}  // namespace graft::worker

#endif  // GRAFT_TESTS_UNIT_WORKER_JOB_RUNNER_FIXTURE_H_
