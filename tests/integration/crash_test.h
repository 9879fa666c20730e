#ifndef GRAFT_TESTS_INTEGRATION_CRASH_TEST_H_
#define GRAFT_TESTS_INTEGRATION_CRASH_TEST_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "tests/integration/server_process.h"
#include "tests/integration/tiny_backbone.h"

namespace graft {

// Workers run at nice 19: where the machine is busy otherwise they hardly run at all.
inline constexpr absl::Duration kCrashPatience = absl::Minutes(5);

// A server with one worker on a network of random weights, and jobs on pictures that the test
// draws.
class WorkerCrashTest : public ::testing::Test {
 protected:
  WorkerCrashTest() { WriteTinyBackbone(folder_.path() / "weights"); }

  void StartServer(const std::vector<std::string>& flags = {},
                   const std::vector<std::string>& environment = {}) {
    server_.reset();
    server_ = std::make_unique<ServerProcess>(folder_.path(), flags, environment);
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
    context.set_deadline(absl::ToChronoTime(absl::Now() + kCrashPatience));
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

}  // namespace graft

#endif  // GRAFT_TESTS_INTEGRATION_CRASH_TEST_H_
