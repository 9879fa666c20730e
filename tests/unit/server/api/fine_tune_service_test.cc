#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/unit/server/server_fixture.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using FineTuneServiceTest = ServerTest;

TEST_F(FineTuneServiceTest, AStartedJobIsThereWithEveryDefaultResolved) {
  const auto started = Start(GoodRequest());
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_TRUE(started->created());
  const v1::Job& job = started->job();
  EXPECT_EQ(job.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(job.project(), "default");
  EXPECT_EQ(job.spec().fine_tune().backbone(), "net");
  EXPECT_EQ(job.spec().fine_tune().strategy(), v1::STRATEGY_AUTO);
  EXPECT_TRUE(job.spec().fine_tune().training().has_epochs());
  EXPECT_EQ(job.backbone_digest(), Sha256Hex("net"));
  EXPECT_GT(started->estimate().training_images(), 0);
  EXPECT_LE(started->estimate().training_images(), 100);
  EXPECT_THAT(Jobs(), SizeIs(1));
}

TEST_F(FineTuneServiceTest, ValidateOnlyAnswersWithTheJobAndMakesNone) {
  auto request = GoodRequest();
  request.set_validate_only(true);
  const auto checked = Start(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_FALSE(checked->created());
  EXPECT_EQ(checked->job().id(), "");
  EXPECT_TRUE(checked->job().spec().fine_tune().training().has_epochs());
  EXPECT_GT(checked->estimate().parameters(), 300);
  EXPECT_THAT(Jobs(), IsEmpty());
}

TEST_F(FineTuneServiceTest, ARepeatedRequestAnswersWithTheSameJobFromHoweverManyClients) {
  auto request = GoodRequest();
  request.set_request_id("once");
  (*request.mutable_labels())["a"] = "1";
  (*request.mutable_labels())["b"] = "2";
  std::vector<std::string> ids(8);
  std::vector<std::thread> clients;
  for (std::string& id : ids) {
    clients.emplace_back([&] {
      const auto started = Start(request);
      ASSERT_TRUE(started.ok()) << started.status();
      id = started->job().id();
    });
  }
  for (std::thread& client : clients) client.join();
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
  EXPECT_THAT(Jobs(), SizeIs(1));

  request.mutable_spec()->set_model("other");
  const auto other = Start(request);
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrorReason(other.status()), "REQUEST_ID_REUSED");
}

TEST_F(FineTuneServiceTest, ARepeatedRequestAnswersEvenAfterItsDatasetIsGone) {
  auto request = GoodRequest();
  request.set_request_id("once");
  const auto started = Start(request);
  ASSERT_TRUE(started.ok());
  Cancel(started->job().id());
  {
    grpc::ClientContext context;
    v1::DeleteDatasetRequest remove;
    remove.set_dataset_id(request.spec().dataset_id());
    v1::DeleteDatasetResponse response;
    ASSERT_TRUE(datasets_->DeleteDataset(&context, remove, &response).ok());
  }
  const auto again = Start(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->job().id(), started->job().id());
  request.set_request_id("new");
  EXPECT_EQ(Start(request).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FineTuneServiceTest, AcknowledgedJobsAreThereAfterARestart) {
  const auto started = Start(GoodRequest());
  ASSERT_TRUE(started.ok());
  server_.reset();
  StartServer();
  const auto jobs = Jobs();
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_EQ(jobs[0].id(), started->job().id());
}

TEST_F(FineTuneServiceTest, AQueuedJobIsCancelledAtOnceAndCancellingAgainChangesNothing) {
  const auto started = Start(GoodRequest());
  ASSERT_TRUE(started.ok());
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    v1::CancelJobRequest request;
    request.set_job_id(started->job().id());
    v1::CancelJobResponse response;
    const grpc::Status status = jobs_->CancelJob(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.job().state(), v1::JOB_STATE_CANCELLED);
  }
}

TEST_F(FineTuneServiceTest, AQueuedJobIsPausedAndResumedAndOneThatEndedIsNeither) {
  const auto started = Start(GoodRequest());
  ASSERT_TRUE(started.ok());
  const std::string id = started->job().id();
  const auto ask = [&]<typename Request, typename Response>(
                       grpc::Status (v1::FineTuneService::Stub::*method)(grpc::ClientContext*,
                                                                         const Request&, Response*),
                       const std::string& job) -> absl::StatusOr<v1::JobState> {
    grpc::ClientContext context;
    Request request;
    request.set_job_id(job);
    Response response;
    const grpc::Status status = ((*jobs_).*method)(&context, request, &response);
    if (!status.ok()) return wire::FromGrpcStatus(status);
    return response.job().state();
  };
  const auto pause = &v1::FineTuneService::Stub::PauseJob;
  const auto resume = &v1::FineTuneService::Stub::ResumeJob;
  const auto stop = &v1::FineTuneService::Stub::StopJob;
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_EQ(*ask(pause, id), v1::JOB_STATE_PAUSED);
  }
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_EQ(*ask(resume, id), v1::JOB_STATE_QUEUED);
  }
  const absl::Status waiting = ask(stop, id).status();
  EXPECT_EQ(waiting.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(waiting), "JOB_STATE");
  EXPECT_THAT(waiting.message(), HasSubstr("only a running job can be stopped"));
  Cancel(id);
  for (const absl::Status& status :
       {ask(pause, id).status(), ask(resume, id).status(), ask(stop, id).status()}) {
    EXPECT_EQ(ErrorReason(status), "JOB_STATE");
    EXPECT_THAT(status.message(), HasSubstr("it has ended"));
  }
  EXPECT_EQ(ask(pause, "none").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FineTuneServiceTest, WatchTellsTheEndAndResumesWhereTheClientWas) {
  const auto started = Start(GoodRequest());
  ASSERT_TRUE(started.ok());
  const std::string id = started->job().id();
  grpc::ClientContext watching;
  v1::WatchRequest watch;
  watch.set_job_id(id);
  auto reader = jobs_->Watch(&watching, watch);
  v1::WatchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.event().state().state(), v1::JOB_STATE_QUEUED);
  const uint64_t first = response.event().sequence();
  Cancel(id);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.event().sequence(), first + 1);
  EXPECT_EQ(response.event().state().state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(response.event().state().job().id(), id);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());

  grpc::ClientContext resuming;
  watch.set_after_sequence(first);
  auto resumed = jobs_->Watch(&resuming, watch);
  ASSERT_TRUE(resumed->Read(&response));
  EXPECT_EQ(response.event().sequence(), first + 1);
  EXPECT_FALSE(resumed->Read(&response));
  EXPECT_TRUE(resumed->Finish().ok());
}

TEST_F(FineTuneServiceTest, OnlyJobsThatEndedAreDeleted) {
  const auto started = Start(GoodRequest());
  ASSERT_TRUE(started.ok());
  v1::DeleteJobRequest request;
  request.set_job_id(started->job().id());
  v1::DeleteJobResponse response;
  {
    grpc::ClientContext context;
    const absl::Status status =
        wire::FromGrpcStatus(jobs_->DeleteJob(&context, request, &response));
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ErrorReason(status), "JOB_NOT_ENDED");
  }
  Cancel(started->job().id());
  {
    grpc::ClientContext context;
    ASSERT_TRUE(jobs_->DeleteJob(&context, request, &response).ok());
  }
  EXPECT_THAT(Jobs(), IsEmpty());
}

TEST_F(FineTuneServiceTest, ARetryOfADeletedJobMakesNoSecondOne) {
  auto request = GoodRequest();
  request.set_request_id("once");
  const auto started = Start(request);
  ASSERT_TRUE(started.ok());
  Cancel(started->job().id());
  {
    grpc::ClientContext context;
    v1::DeleteJobRequest remove;
    remove.set_job_id(started->job().id());
    v1::DeleteJobResponse response;
    ASSERT_TRUE(jobs_->DeleteJob(&context, remove, &response).ok());
  }
  const auto again = Start(request);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(again.status()), "JOB_DELETED");
  EXPECT_THAT(Jobs(), IsEmpty());
}

TEST_F(FineTuneServiceTest, ListsArePagedFilteredAndNewestFirst) {
  auto request = GoodRequest();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    (*request.mutable_labels())["parity"] = i % 2 == 0 ? "even" : "odd";
    const auto started = Start(request);
    ASSERT_TRUE(started.ok());
    ids.insert(ids.begin(), started->job().id());
  }
  v1::ListJobsRequest list;
  list.set_page_size(2);
  std::vector<std::string> seen;
  do {
    grpc::ClientContext context;
    v1::ListJobsResponse page;
    ASSERT_TRUE(jobs_->ListJobs(&context, list, &page).ok());
    EXPECT_LE(page.jobs_size(), 2);
    for (const v1::Job& job : page.jobs()) seen.push_back(job.id());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(seen, ids);

  grpc::ClientContext context;
  v1::ListJobsRequest odd;
  (*odd.mutable_labels())["parity"] = "odd";
  odd.add_states(v1::JOB_STATE_QUEUED);
  v1::ListJobsResponse page;
  ASSERT_TRUE(jobs_->ListJobs(&context, odd, &page).ok());
  EXPECT_EQ(page.jobs_size(), 2);
}

TEST_F(FineTuneServiceTest, ADrainingServerEndsWatchesAndTakesNothingNew) {
  const auto started = Start(GoodRequest());
  ASSERT_TRUE(started.ok());
  grpc::ClientContext context;
  v1::WatchRequest watch;
  watch.set_job_id(started->job().id());
  auto reader = jobs_->Watch(&context, watch);
  v1::WatchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  server_->Drain();
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

struct BadRequest {
  const char* name;
  std::function<void(v1::StartFineTuneRequest&)> spoil;
  absl::StatusCode code;
  const char* message;  // part of it: the cause
};

void PrintTo(const BadRequest& bad, std::ostream* out) { *out << bad.name; }

class BadFineTuneRequests : public ServerTest, public ::testing::WithParamInterface<BadRequest> {};

TEST_P(BadFineTuneRequests, AreRefusedByNameLeaveNothingAndTheServerGoesOn) {
  const auto good = GoodRequest();
  const auto files = Files();
  auto request = good;
  GetParam().spoil(request);
  const auto refused = Start(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), GetParam().code) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(GetParam().message));
  if (GetParam().code == absl::StatusCode::kInvalidArgument) {
    EXPECT_THAT(InvalidFieldsOf(refused.status()), ::testing::Not(IsEmpty()));
  }
  EXPECT_THAT(Jobs(), IsEmpty());
  EXPECT_EQ(Files(), files);
  EXPECT_TRUE(Start(good).ok());
}

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

INSTANTIATE_TEST_SUITE_P(
    All, BadFineTuneRequests,
    ::testing::Values(
        BadRequest{"NoSpec", [](auto& r) { r.clear_spec(); }, kInvalid, "spec"},
        BadRequest{"NoTask", [](auto& r) { r.mutable_spec()->clear_task(); }, kInvalid, "spec."},
        BadRequest{"NoModel", [](auto& r) { r.mutable_spec()->clear_model(); }, kInvalid,
                   "spec.model"},
        BadRequest{"ModelIsAPath", [](auto& r) { r.mutable_spec()->set_model("../etc"); }, kInvalid,
                   "spec.model"},
        BadRequest{"ProjectIsAPath", [](auto& r) { r.set_project("a/b"); }, kInvalid, "project"},
        BadRequest{"NoDataset", [](auto& r) { r.mutable_spec()->clear_dataset_id(); }, kInvalid,
                   "spec.dataset_id"},
        BadRequest{"UnknownDataset",
                   [](auto& r) { r.mutable_spec()->set_dataset_id("dataset-none"); }, kNotFound,
                   "dataset-none"},
        BadRequest{"UnknownBackbone", [](auto& r) { r.mutable_spec()->set_backbone("resnet9000"); },
                   kNotFound, "installed: net"},
        BadRequest{"DatasetOfAnotherProject", [](auto& r) { r.set_project("other"); }, kNotFound,
                   "dataset"},
        BadRequest{"NanRate",
                   [](auto& r) {
                     r.mutable_spec()->mutable_training()->set_learning_rate(
                         std::numeric_limits<double>::quiet_NaN());
                   },
                   kInvalid, "spec.training.learning_rate"},
        BadRequest{"InfiniteRate",
                   [](auto& r) {
                     r.mutable_spec()->mutable_training()->set_learning_rate(
                         std::numeric_limits<double>::infinity());
                   },
                   kInvalid, "spec.training.learning_rate"},
        BadRequest{"NegativeRate",
                   [](auto& r) { r.mutable_spec()->mutable_training()->set_learning_rate(-1); },
                   kInvalid, "spec.training.learning_rate"},
        BadRequest{"NoEpochs", [](auto& r) { r.mutable_spec()->mutable_training()->set_epochs(0); },
                   kInvalid, "spec.training.epochs"},
        BadRequest{"ABillionEpochs",
                   [](auto& r) { r.mutable_spec()->mutable_training()->set_epochs(1'000'000'000); },
                   kInvalid, "spec.training.epochs"},
        BadRequest{"UnknownStrategy",
                   [](auto& r) { r.mutable_spec()->set_strategy(static_cast<v1::Strategy>(77)); },
                   kInvalid, "spec.strategy"},
        BadRequest{"LongRequestId", [](auto& r) { r.set_request_id(std::string(129, 'x')); },
                   kInvalid, "request_id"},
        BadRequest{"LongLabelKey",
                   [](auto& r) { (*r.mutable_labels())[std::string(64, 'k')] = "v"; }, kInvalid,
                   "labels"},
        BadRequest{"TooManyLabels",
                   [](auto& r) {
                     for (int i = 0; i < 65; ++i) (*r.mutable_labels())[absl::StrCat("k", i)] = "v";
                   },
                   kInvalid, "labels"},
        BadRequest{"OversizeMessage", [](auto& r) { r.set_request_id(std::string(2 << 20, 'x')); },
                   absl::StatusCode::kResourceExhausted, "larger than max"}),
    [](const auto& bad) { return bad.param.name; });

TEST_F(FineTuneServiceTest, OneClassIsRefused) {
  auto request = GoodRequest();
  const auto one = Upload("cat 40\n");
  ASSERT_TRUE(one.ok());
  request.mutable_spec()->set_dataset_id(one->dataset().id());
  const auto refused = Start(request);
  EXPECT_EQ(refused.status().code(), kInvalid);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("spec.dataset_id"));
}

TEST_F(FineTuneServiceTest, UnknownJobsAreNotFoundByEveryMethod) {
  const auto expect_not_found = [](const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_THAT(status.error_message(), HasSubstr("job-none"));
    EXPECT_EQ(ErrorReason(wire::FromGrpcStatus(status)), "JOB_NOT_FOUND");
  };
  {
    grpc::ClientContext context;
    v1::GetStatusRequest request;
    request.set_job_id("job-none");
    v1::GetStatusResponse response;
    expect_not_found(jobs_->GetStatus(&context, request, &response));
  }
  {
    grpc::ClientContext context;
    v1::CancelJobRequest request;
    request.set_job_id("job-none");
    v1::CancelJobResponse response;
    expect_not_found(jobs_->CancelJob(&context, request, &response));
  }
  {
    grpc::ClientContext context;
    v1::DeleteJobRequest request;
    request.set_job_id("job-none");
    v1::DeleteJobResponse response;
    expect_not_found(jobs_->DeleteJob(&context, request, &response));
  }
  {
    grpc::ClientContext context;
    v1::WatchRequest request;
    request.set_job_id("job-none");
    auto reader = jobs_->Watch(&context, request);
    v1::WatchResponse response;
    EXPECT_FALSE(reader->Read(&response));
    expect_not_found(reader->Finish());
  }
}

class FullQueue : public ServerTest {
 protected:
  void Configure() override { config_.max_queued_jobs = 1; }
};

TEST_F(FullQueue, IsToldWithADelayToRetryAfter) {
  const auto request = GoodRequest();
  ASSERT_TRUE(Start(request).ok());
  const auto refused = Start(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused.status()), "QUEUE_FULL");
  EXPECT_TRUE(RetryDelay(refused.status()).has_value());
}

class FullDisk : public ServerTest {
 protected:
  void Configure() override { config_.min_free_disk_bytes = uint64_t{1} << 49; }
};

TEST_F(FullDisk, RefusesUploadsAndJobsAndAnswersTheRest) {
  const auto upload = Upload("cat 1\ndog 1\n");
  EXPECT_EQ(upload.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(upload.status()), "DISK_FULL");
  v1::StartFineTuneRequest request;
  request.mutable_spec();
  EXPECT_EQ(Start(request).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Jobs(), IsEmpty());
  EXPECT_THAT(Files(), IsEmpty());
}

// What was acknowledged before the disk was full, by a client that did not hear so.
TEST_F(FineTuneServiceTest, RepeatedRequestsAreAnsweredOnAFullDisk) {
  const auto uploaded = Upload("cat 40\ndog 60\n");
  ASSERT_TRUE(uploaded.ok()) << uploaded.status();
  auto request = GoodRequest();
  request.set_request_id("once");
  const auto first = Start(request);
  ASSERT_TRUE(first.ok()) << first.status();
  server_.reset();
  config_.min_free_disk_bytes = uint64_t{1} << 49;
  StartServer();
  const auto again = Start(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->created());
  EXPECT_EQ(again->job().id(), first->job().id());
  EXPECT_EQ(again->estimate().SerializeAsString(), first->estimate().SerializeAsString());
  const auto upload = Upload("cat 40\ndog 60\n", /*with_sha256=*/true);
  ASSERT_TRUE(upload.ok()) << upload.status();
  EXPECT_FALSE(upload->created());
  EXPECT_EQ(upload->dataset().id(), uploaded->dataset().id());
  request.set_request_id("twice");
  EXPECT_EQ(ErrorReason(Start(request).status()), "DISK_FULL");
  EXPECT_EQ(ErrorReason(Upload("cat 1\ndog 1\n", /*with_sha256=*/true).status()), "DISK_FULL");
}

}  // namespace
}  // namespace graft::server
