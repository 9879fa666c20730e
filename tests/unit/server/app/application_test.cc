#include "server/app/application.h"

#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "graft/worker/v1/worker.grpc.pb.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "tests/unit/server/rpc/raw_call.h"
#include "tests/unit/server/server_fixture.h"
#include "wire/time.h"

namespace graft::server {
namespace {

// The server as a whole, with a worker that the test plays on its socket.
class ApplicationTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    worker_ = worker::v1::WorkerService::NewStub(
        grpc::CreateChannel(absl::StrCat("unix:", (config_.data_dir / "worker.sock").string()),
                            grpc::InsecureChannelCredentials()));
  }

  worker::v1::LeasedJob Lease() {
    grpc::ClientContext context;
    worker::v1::LeaseRequest request;
    request.set_worker_id("by-hand");
    *request.mutable_wait() = wire::ToProto(absl::Seconds(10));
    worker::v1::LeaseResponse response;
    EXPECT_TRUE(worker_->Lease(&context, request, &response).ok());
    return response.job();
  }
  grpc::Status Finish(const worker::v1::LeasedJob& job, worker::v1::Outcome outcome) {
    grpc::ClientContext context;
    worker::v1::FinishRequest request;
    request.set_worker_id("by-hand");
    request.set_job_id(job.job_id());
    request.set_fence(job.fence());
    request.set_outcome(outcome);
    worker::v1::FinishResponse response;
    return worker_->Finish(&context, request, &response);
  }
  bool ToldToDrain(const worker::v1::LeasedJob& job) {
    grpc::ClientContext context;
    worker::v1::HeartbeatRequest request;
    request.set_worker_id("by-hand");
    request.set_job_id(job.job_id());
    request.set_fence(job.fence());
    worker::v1::HeartbeatResponse response;
    EXPECT_TRUE(worker_->Heartbeat(&context, request, &response).ok());
    return response.drain();
  }

  std::unique_ptr<worker::v1::WorkerService::Stub> worker_;
};

TEST_F(ApplicationTest, AWorkerStartedByHandGivesItsJobBackWhileTheServerDrains) {
  ASSERT_TRUE(Start(GoodRequest()).ok());
  const worker::v1::LeasedJob job = Lease();
  ASSERT_NE(job.job_id(), "");
  std::thread drain([&] { server_->Drain(); });
  while (!ToldToDrain(job)) std::this_thread::yield();
  EXPECT_TRUE(Finish(job, worker::v1::OUTCOME_RELEASED).ok());
  drain.join();
  server_.reset();
  StartServer();
  const auto jobs = Jobs();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].state(), v1::JOB_STATE_QUEUED);
}

class ShortDrain : public ApplicationTest {
 protected:
  void Configure() override { config_.drain_timeout = absl::Milliseconds(200); }
};

TEST_F(ShortDrain, LeavesNoJobRunningWhoseWorkerDoesNotGiveItBack) {
  ASSERT_TRUE(Start(GoodRequest()).ok());
  ASSERT_NE(Lease().job_id(), "");
  server_->Drain();
  server_.reset();
  auto store = store::SqliteMetadataStore::Open({.path = config_.data_dir / "graft.db"});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->RequeueRunningOnStart()->empty()) << "it would count as an unclean end";
}

TEST_F(ApplicationTest, AJobsCheckpointsGoWithItsEnd) {
  ASSERT_TRUE(Start(GoodRequest()).ok());
  const worker::v1::LeasedJob job = Lease();
  const auto blobs = artifacts::LocalBlobStore::Open(config_.data_dir / "blobs");
  ASSERT_TRUE(blobs.ok());
  ASSERT_TRUE((*blobs)->PutIfAbsent(job.checkpoint_prefix() + "/1-1.safetensors", "x").ok());
  ASSERT_TRUE((*blobs)->PutIfAbsent(job.artifact_prefix() + "/card.json", "x").ok());
  const auto left = [&] {
    return (*blobs)->List("checkpoints/", "", 10)->size() + (*blobs)->List("jobs/", "", 10)->size();
  };
  ASSERT_EQ(left(), 2u);
  ASSERT_TRUE(Finish(job, worker::v1::OUTCOME_CANCELLED).ok());
  while (left() > 0) std::this_thread::yield();
}

TEST_F(ApplicationTest, AStartThatFailsLateTakesDownWhatItHadBuilt) {
  ServerConfig second = config_;
  second.data_dir = folder_->path() / "second";
  second.port = server_->port();  // taken
  ApplicationParts parts;
  parts.backbones = {Net()};
  const auto refused = Application::Start(second, logger_.get(), std::move(parts));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable) << refused.status();
}

TEST_F(ApplicationTest, WhatIsNoSocketIsNotRemovedForTheWorkers) {
  ServerConfig second = config_;
  second.data_dir = folder_->path() / "second";
  second.worker_socket = folder_->path() / "notes.txt";
  ASSERT_TRUE(WriteFileAtomically(second.worker_socket, "precious").ok());
  ApplicationParts parts;
  parts.backbones = {Net()};
  const auto refused = Application::Start(second, logger_.get(), std::move(parts));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << refused.status();
  EXPECT_TRUE(std::filesystem::exists(second.worker_socket));
}

class NobodyMay : public ServerTest {
 protected:
  AuthorizeFunction Authorizer() override {
    return [](const Principal&, const Action& action) {
      return absl::PermissionDeniedError(action.rule.method);
    };
  }
};

// Whatever is declared in proto/: a method that comes without asking is found here.
TEST_F(NobodyMay, EveryMethodThatIsServedAsksFirst) {
  int methods = 0;
  for (const google::protobuf::FileDescriptor* file :
       {v1::ListBackbonesRequest::descriptor()->file(), v1::GetDatasetRequest::descriptor()->file(),
        v1::GetStatusRequest::descriptor()->file(), v1::GetModelRequest::descriptor()->file(),
        v1::PredictRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const google::protobuf::MethodDescriptor& method = *file->service(i)->method(j);
        const std::string name = absl::StrCat(method.service()->full_name(), "/", method.name());
        // An upload says in its header what it wants: field 1, empty.
        const std::string message(method.client_streaming() ? "\x0a\x00" : "",
                                  method.client_streaming() ? 2 : 0);
        const grpc::Status status = CallRaw(channel_, "/" + name, message);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED)
            << name << ": " << status.error_message();
        EXPECT_EQ(status.error_message(), name);
        ++methods;
      }
    }
  }
  EXPECT_GE(methods, 15);
}

}  // namespace
}  // namespace graft::server
