#include "server/workers/worker_service.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/artifacts/manifest.h"
#include "core/base/failpoint.h"
#include "core/base/sha256.h"
#include "core/jobs/lease_policy.h"
#include "core/model/model_description.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/loopback_server.h"
#include "tests/unit/server/workers/worker_test_store.h"
#include "wire/job.h"
#include "wire/time.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WorkerServiceTest : public ::testing::Test {
 protected:
  WorkerServiceTest() {
    WorkerService::Options options;
    options.threads = 1;
    options.on_published = [this](const std::string& project, const std::string& model,
                                  int64_t version) {
      published_.push_back(absl::StrCat(project, "/", model, "/", version));
    };
    blobs_ = *artifacts::LocalBlobStore::Open(store_.folder() / "blobs");
    service_ = std::make_unique<WorkerService>(options, store_.get(), blobs_.get(), metrics_.get(),
                                               &clock_, logger_.get());
    store_->SetObserver([this](const store::JobChange& change) { service_->OnJobChange(change); });
    server_ = std::make_unique<LoopbackServer>(service_.get());
    stub_ = worker::v1::WorkerService::NewStub(server_->channel());
  }
  ~WorkerServiceTest() override {
    service_->Drain();
    server_.reset();
    store_->SetObserver(nullptr);
  }

  worker::v1::LeaseResponse Lease(absl::Duration wait = absl::ZeroDuration(),
                                  const std::string& worker = "w") {
    grpc::ClientContext context;
    worker::v1::LeaseRequest request;
    request.set_worker_id(worker);
    *request.mutable_wait() = wire::ToProto(wait);
    worker::v1::LeaseResponse response;
    const grpc::Status status = stub_->Lease(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  grpc::Status Report(const worker::v1::ReportRequest& request) {
    grpc::ClientContext context;
    worker::v1::ReportResponse response;
    return stub_->Report(&context, request, &response);
  }
  grpc::Status Finish(const worker::v1::FinishRequest& request,
                      worker::v1::FinishResponse* response) {
    grpc::ClientContext context;
    return stub_->Finish(&context, request, response);
  }
  grpc::Status Finish(const worker::v1::FinishRequest& request) {
    worker::v1::FinishResponse response;
    return Finish(request, &response);
  }
  grpc::StatusCode Heartbeat(const std::string& job, uint64_t fence,
                             worker::v1::HeartbeatResponse* response) {
    grpc::ClientContext context;
    worker::v1::HeartbeatRequest request;
    request.set_worker_id("w");
    request.set_job_id(job);
    request.set_fence(fence);
    return stub_->Heartbeat(&context, request, response).error_code();
  }

  static std::string Description(const std::string& weights = "weights",
                                 const std::string& task = "classification",
                                 const std::string& outputs = R"({"labels":["cat","dog"]})") {
    model::ModelDescription description;
    description.backbone = "efficientnet_lite0";
    description.backbone_digest = Sha256Hex(weights);
    description.cut_point = "conv_head";
    description.head = {model::HeadKind::kLinear, {8, 7, 7}, 0, 0, 2};
    description.task = task;
    description.outputs = outputs;
    return model::ModelDescriptionToJson(description);
  }
  // Artefacts of the lease, and the Finish that publishes them.
  worker::v1::FinishRequest Success(const worker::v1::LeasedJob& job) {
    return Success(job, Description());
  }
  worker::v1::FinishRequest Success(const worker::v1::LeasedJob& job,
                                    const std::string& description,
                                    const std::string& card = R"({"licence":"MIT"})") {
    const std::string model = "tensors";
    EXPECT_TRUE(blobs_->PutIfAbsent(job.artifact_prefix() + "/model.safetensors", model).ok());
    EXPECT_TRUE(blobs_->PutIfAbsent(job.artifact_prefix() + "/card.json", card).ok());
    artifacts::ArtifactManifest manifest;
    manifest.files = {{"card.json", Sha256Hex(card), card.size()},
                      {"model.safetensors", Sha256Hex(model), model.size()}};
    manifest.description = description;
    const std::string json = artifacts::ManifestToJson(manifest).value();
    EXPECT_TRUE(blobs_->PutIfAbsent(job.artifact_prefix() + "/manifest.json", json).ok());
    worker::v1::FinishRequest finish = End(job, worker::v1::OUTCOME_SUCCEEDED);
    finish.mutable_artifact()->set_prefix(job.artifact_prefix());
    finish.mutable_artifact()->set_manifest_sha256(Sha256Hex(json));
    finish.mutable_report()->mutable_classification()->set_accuracy(0.5);
    finish.set_stop_reason(v1::STOP_REASON_COMPLETED);
    finish.set_best_epoch(2);
    return finish;
  }
  static worker::v1::FinishRequest End(const worker::v1::LeasedJob& job,
                                       worker::v1::Outcome outcome) {
    worker::v1::FinishRequest finish;
    finish.set_worker_id("w");
    finish.set_job_id(job.job_id());
    finish.set_fence(job.fence());
    finish.set_outcome(outcome);
    return finish;
  }

  FakeClock clock_;
  WorkerTestStore store_{&clock_};
  std::unique_ptr<artifacts::BlobStore> blobs_;
  std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::vector<std::string> published_;
  std::unique_ptr<WorkerService> service_;
  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<worker::v1::WorkerService::Stub> stub_;
};

TEST_F(WorkerServiceTest, ALeaseSaysAllThatAWorkerNeeds) {
  store_.Enqueue("a");
  const worker::v1::LeasedJob job = Lease().job();
  EXPECT_EQ(job.job_id(), "a");
  EXPECT_EQ(job.project(), "default");
  EXPECT_EQ(job.attempt(), 1);
  EXPECT_EQ(job.spec().fine_tune().model(), "stamps");
  EXPECT_EQ(job.dataset_prefix(), "datasets/default/" + Sha256Hex("dataset"));
  EXPECT_EQ(job.artifact_prefix(), absl::StrCat("jobs/a/", job.fence()));
  EXPECT_EQ(job.checkpoint_prefix(), "checkpoints/a");
  EXPECT_EQ(job.backbone_digest(), Sha256Hex("weights"));
}

TEST_F(WorkerServiceTest, NothingToLeaseIsAnEmptyAnswerAfterTheWait) {
  EXPECT_FALSE(Lease().has_job());
  EXPECT_FALSE(Lease(absl::Milliseconds(20)).has_job());
  EXPECT_EQ(service_->waiting(), 0u);
}

TEST_F(WorkerServiceTest, AWaitingLeaseIsAnsweredWhenAJobComes) {
  worker::v1::LeaseResponse response;
  std::thread poll([&] { response = Lease(absl::Seconds(30)); });
  while (service_->waiting() == 0) std::this_thread::yield();
  store_.Enqueue("a");
  poll.join();
  EXPECT_EQ(response.job().job_id(), "a");
}

TEST_F(WorkerServiceTest, EachJobGoesToOneOfManyThatWait) {
  std::vector<worker::v1::LeaseResponse> responses(8);
  std::vector<std::thread> polls;
  for (size_t i = 0; i < responses.size(); ++i) {
    polls.emplace_back([&, i] { responses[i] = Lease(absl::Seconds(30), absl::StrCat("w", i)); });
  }
  while (service_->waiting() < responses.size()) std::this_thread::yield();
  store_.Enqueue("a");
  // Those who got nothing wait on; a second and third job wake them again.
  store_.Enqueue("b");
  store_.Enqueue("c");
  while (store_->ListRunningJobs()->size() < 3 || service_->waiting() != responses.size() - 3) {
    std::this_thread::yield();
  }
  service_->Drain();
  for (std::thread& poll : polls) poll.join();
  int leased = 0;
  for (const auto& response : responses) leased += response.has_job() ? 1 : 0;
  EXPECT_EQ(leased, 3);
}

TEST_F(WorkerServiceTest, AWorkerThatHangsUpIsNotGivenAJob) {
  grpc::ClientContext context;
  worker::v1::LeaseRequest request;
  request.set_worker_id("gone");
  *request.mutable_wait() = wire::ToProto(absl::Seconds(30));
  worker::v1::LeaseResponse response;
  std::thread poll([&] { (void)stub_->Lease(&context, request, &response); });
  while (service_->waiting() == 0) std::this_thread::yield();
  context.TryCancel();
  poll.join();
  while (service_->waiting() > 0) std::this_thread::yield();
  store_.Enqueue("a");
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
  EXPECT_EQ(Lease().job().job_id(), "a");
}

TEST_F(WorkerServiceTest, HeartbeatsSayWhatIsWanted) {
  store_.Enqueue("a");
  const worker::v1::LeasedJob job = Lease().job();
  worker::v1::HeartbeatResponse response;
  EXPECT_EQ(Heartbeat("a", job.fence(), &response), grpc::OK);
  EXPECT_EQ(response.desired(), v1::DESIRED_STATE_RUN);
  EXPECT_FALSE(response.drain());
  ASSERT_TRUE(store_->RequestDesired("default", "a", jobs::DesiredState::kCancel).ok());
  service_->Drain();
  EXPECT_EQ(Heartbeat("a", job.fence(), &response), grpc::OK);
  EXPECT_EQ(response.desired(), v1::DESIRED_STATE_CANCEL);
  EXPECT_TRUE(response.drain());
  EXPECT_EQ(Heartbeat("a", job.fence() + 1, &response), grpc::ABORTED);
}

TEST_F(WorkerServiceTest, EventsAndProgressAreThereForReaders) {
  store_.Enqueue("a");
  const worker::v1::LeasedJob job = Lease().job();
  worker::v1::ReportRequest report;
  report.set_job_id("a");
  report.set_fence(job.fence());
  report.add_events()->mutable_log()->set_text("hello");
  report.add_events()->mutable_checkpoint()->set_epoch(3);
  report.mutable_progress()->set_fraction(0.25);
  report.set_best_epoch(3);
  report.mutable_counters()->set_training_images(40);
  ASSERT_TRUE(Report(report).ok());
  const auto events = *store_->ListEvents("default", "a", 0, 100);
  std::vector<std::string> types;
  for (const jobs::JobEvent& event : events) types.push_back(event.type);
  EXPECT_THAT(types, ElementsAre("state", "state", "log", "checkpoint"));
  EXPECT_EQ(wire::ToProto(events[2])->log().text(), "hello");
  const v1::Job shown = *wire::ToProto(store_.Get("a"));
  EXPECT_EQ(shown.progress().fraction(), 0.25);
  EXPECT_EQ(shown.best_epoch(), 3);
  EXPECT_EQ(metrics_->training_images_total.Value(), 40);
}

TEST_F(WorkerServiceTest, AReportThatIsSentTwiceCountsOnce) {
  store_.Enqueue("a");
  worker::v1::ReportRequest report;
  report.set_job_id("a");
  report.set_fence(Lease().job().fence());
  report.set_batch(1);
  report.add_events()->mutable_log()->set_text("hello");
  report.mutable_counters()->set_training_images(40);
  ASSERT_TRUE(Report(report).ok());
  ASSERT_TRUE(Report(report).ok());
  EXPECT_EQ(store_->ListEvents("default", "a", 0, 100)->size(), 3u);
  EXPECT_EQ(metrics_->training_images_total.Value(), 40);
  report.set_batch(2);
  ASSERT_TRUE(Report(report).ok());
  EXPECT_EQ(metrics_->training_images_total.Value(), 80);
}

TEST_F(WorkerServiceTest, AnEpochOrACheckpointSaysThatTheJobGotFurther) {
  store_.Enqueue("a");
  for (const bool advances : {false, true}) {
    worker::v1::ReportRequest report;
    Lease();
    ASSERT_TRUE(store_->RequeueRunningOnStart().ok());
    const worker::v1::LeasedJob job = Lease().job();
    report.set_job_id("a");
    report.set_fence(job.fence());
    report.add_events()->mutable_log()->set_text("hello");
    if (advances) report.add_events()->mutable_metrics()->set_epoch(1);
    ASSERT_TRUE(Report(report).ok());
    EXPECT_EQ(store_.Get("a").unclean_ends, advances ? 0 : 1);
    ASSERT_TRUE(Finish(End(job, worker::v1::OUTCOME_RELEASED)).ok());
  }
}

TEST_F(WorkerServiceTest, AStaleFenceIsAbortedAndChangesNothing) {
  store_.Enqueue("a");
  const worker::v1::LeasedJob zombie = Lease().job();
  ASSERT_TRUE(
      store_->ReleaseJob("a", zombie.fence(), store::ReleaseReason::kWorkerDied, "worker died")
          .ok());
  const worker::v1::LeasedJob heir = Lease().job();
  ASSERT_GT(heir.fence(), zombie.fence());

  worker::v1::ReportRequest report;
  report.set_job_id("a");
  report.set_fence(zombie.fence());
  report.add_events()->mutable_log()->set_text("from the dead");
  const uint64_t before = store_.Get("a").last_event_sequence;
  EXPECT_EQ(Report(report).error_code(), grpc::ABORTED);
  EXPECT_EQ(Finish(Success(zombie)).error_code(), grpc::ABORTED);
  EXPECT_EQ(store_.Get("a").last_event_sequence, before);
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kRunning);
  EXPECT_TRUE(published_.empty());

  EXPECT_TRUE(Finish(Success(heir)).ok());
  EXPECT_THAT(published_, ElementsAre("default/stamps/1"));
}

TEST_F(WorkerServiceTest, SuccessPublishesOnceThoughSaidTwice) {
  store_.Enqueue("a");
  const worker::v1::FinishRequest finish = Success(Lease().job());
  worker::v1::FinishResponse response;
  ASSERT_TRUE(Finish(finish, &response).ok());
  EXPECT_EQ(response.model_version(), 1);
  ASSERT_TRUE(Finish(finish, &response).ok());
  EXPECT_EQ(response.model_version(), 1);
  EXPECT_THAT(published_, ElementsAre("default/stamps/1"));
  const v1::Job shown = *wire::ToProto(store_.Get("a"));
  EXPECT_EQ(shown.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(shown.report().classification().accuracy(), 0.5);
  EXPECT_EQ(shown.best_epoch(), 2);
  EXPECT_EQ(shown.stop_reason(), v1::STOP_REASON_COMPLETED);
  const auto version = store_->GetModelVersion("default", "stamps", 0);
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->description, Description());
  EXPECT_EQ(
      version->bytes,
      7 + 17 + static_cast<int64_t>(*blobs_->Size(version->artifact_prefix + "/manifest.json")));
  EXPECT_EQ(store_->GetModelVersionDetails("default", "stamps", 0)->card, R"({"licence":"MIT"})");
}

struct BadArtefact {
  const char* name;
  std::string description;
  std::string card;
};

// What is published is what the server found in the artefact, and only if that makes sense.
TEST_F(WorkerServiceTest, ArtefactsThatNoModelCanBeMadeOfAreRefused) {
  const BadArtefact cases[] = {
      {"nothing in the description", "{}", "{}"},
      {"another backbone", Description("other weights"), "{}"},
      {"another task", Description("weights", "regression"), "{}"},
      {"outputs of no form", Description("weights", "classification", "{}"), "{}"},
      {"a card that is no object", Description(), "[1]"},
      {"a card that is no JSON", Description(), "card"},
  };
  int number = 0;
  for (const BadArtefact& bad : cases) {
    SCOPED_TRACE(bad.name);
    const std::string id = absl::StrCat("job-", ++number);
    store_.Enqueue(id);
    const worker::v1::LeasedJob job = Lease().job();
    EXPECT_EQ(Finish(Success(job, bad.description, bad.card)).error_code(), grpc::INVALID_ARGUMENT);
    EXPECT_EQ(store_.Get(id).state, jobs::JobState::kRunning);
    EXPECT_FALSE(store_->GetModel("default", "stamps").ok());
    worker::v1::FinishRequest failed = End(job, worker::v1::OUTCOME_FAILED);
    failed.mutable_error()->set_code("INVALID_ARGUMENT");
    ASSERT_TRUE(Finish(failed).ok());
  }
}

TEST_F(WorkerServiceTest, ArtefactsThatAreNotWholeAreNotPublished) {
  store_.Enqueue("a");
  const worker::v1::LeasedJob job = Lease().job();
  worker::v1::FinishRequest finish = Success(job);
  ASSERT_TRUE(blobs_->Delete(job.artifact_prefix() + "/model.safetensors").ok());
  EXPECT_EQ(Finish(finish).error_code(), grpc::DATA_LOSS);
  ASSERT_TRUE(blobs_->PutIfAbsent(job.artifact_prefix() + "/model.safetensors", "tensorz").ok());
  EXPECT_EQ(Finish(finish).error_code(), grpc::DATA_LOSS);
  finish.mutable_artifact()->set_prefix("jobs/other/1");
  EXPECT_EQ(Finish(finish).error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kRunning);
  EXPECT_TRUE(published_.empty());
  EXPECT_FALSE(store_->GetModel("default", "stamps").ok());
}

TEST_F(WorkerServiceTest, AReleasedJobIsQueuedWithoutACrash) {
  store_.Enqueue("a");
  ASSERT_TRUE(Finish(End(Lease().job(), worker::v1::OUTCOME_RELEASED)).ok());
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
  EXPECT_EQ(store_.Get("a").crashes, 0);
  EXPECT_EQ(Lease().job().attempt(), 2);
}

TEST_F(WorkerServiceTest, AFailureKeepsItsCause) {
  store_.Enqueue("a");
  worker::v1::FinishRequest finish = End(Lease().job(), worker::v1::OUTCOME_FAILED);
  EXPECT_EQ(Finish(finish).error_code(), grpc::INVALID_ARGUMENT);
  finish.mutable_error()->set_code("FAILED_PRECONDITION");
  finish.mutable_error()->set_message("training diverged in epoch 2");
  ASSERT_TRUE(Finish(finish).ok());
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kFailed);
  EXPECT_EQ(store_.Get("a").error.message, "training diverged in epoch 2");
}

TEST_F(WorkerServiceTest, HeartbeatsAreAnsweredWhileAnArtefactIsChecked) {
  if (!HasFailpoints()) GTEST_SKIP() << "this build has no failpoints";
  store_.Enqueue("a");
  const worker::v1::LeasedJob job = Lease().job();
  const worker::v1::FinishRequest success = Success(job);
  absl::Notification checking, go_on;
  const ScopedFailpoint check("server.finish.before_verify",
                              {.kind = FailpointAction::Kind::kCall, .call = [&] {
                                 checking.Notify();
                                 go_on.WaitForNotification();
                                 return absl::OkStatus();
                               }});
  std::thread finish([&] { EXPECT_TRUE(Finish(success).ok()); });
  checking.WaitForNotification();
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  worker::v1::HeartbeatRequest heartbeat;
  heartbeat.set_worker_id("w");
  heartbeat.set_job_id("a");
  heartbeat.set_fence(job.fence());
  worker::v1::HeartbeatResponse response;
  EXPECT_EQ(stub_->Heartbeat(&context, heartbeat, &response).error_code(), grpc::OK);
  go_on.Notify();
  finish.join();
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kSucceeded);
}

TEST_F(WorkerServiceTest, ALeaseLeavesItsHeartbeatsTheTimeThatTheServerReckoned) {
  store_.Enqueue("a");
  const worker::v1::LeasedJob job = Lease().job();
  EXPECT_EQ(wire::FromProto(job.heartbeat_interval()), absl::Seconds(1));
  EXPECT_EQ(wire::FromProto(job.heartbeat_timeout()),
            jobs::HeartbeatTimeout(absl::Seconds(20), absl::Seconds(1)));
}

TEST_F(WorkerServiceTest, ADrainingServerLeasesNothing) {
  store_.Enqueue("a");
  service_->Drain();
  grpc::ClientContext context;
  worker::v1::LeaseRequest request;
  request.set_worker_id("w");
  worker::v1::LeaseResponse response;
  EXPECT_EQ(stub_->Lease(&context, request, &response).error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(store_.Get("a").state, jobs::JobState::kQueued);
}

}  // namespace
}  // namespace graft::server
