#ifndef GRAFT_TESTS_UNIT_SERVER_SERVER_FIXTURE_H_
#define GRAFT_TESTS_UNIT_SERVER_SERVER_FIXTURE_H_

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "graft/v1/backbone.grpc.pb.h"
#include "graft/v1/dataset.grpc.pb.h"
#include "graft/v1/finetune.grpc.pb.h"
#include "graft/v1/model.grpc.pb.h"
#include "graft/v1/prediction.grpc.pb.h"

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "server/app/application.h"
#include "wire/status.h"

namespace graft::server {

// A whole server in this process, on ports of loopback that the kernel chose and a data folder of
// its own, without workers. Archives are lists of "class count" lines, so that a test says in a few
// words what a dataset holds; one backbone is installed, "net".
class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    config_.data_dir = folder_->path() / "data";
    config_.weights_dir = folder_->path() / "weights";
    config_.default_backbone = "net";
    config_.port = 0;
    config_.http_port = 0;
    config_.workers = 0;
    config_.min_free_disk_bytes = 0;
    config_.max_message_bytes = 1 << 20;
    config_.drain_timeout = absl::Seconds(5);
    Configure();
    StartServer();
  }

  virtual void Configure() {}
  virtual AuthorizeFunction Authorizer() { return {}; }

  void StartServer() {
    ApplicationParts parts;
    parts.ingest = &ServerTest::IngestList;
    parts.backbones = {Net()};
    parts.authorize = Authorizer();
    auto server = Application::Start(config_, logger_.get(), std::move(parts));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials());
    jobs_ = v1::FineTuneService::NewStub(channel_);
    datasets_ = v1::DatasetService::NewStub(channel_);
    models_ = v1::ModelService::NewStub(channel_);
    backbones_ = v1::BackboneService::NewStub(channel_);
    predictions_ = v1::PredictionService::NewStub(channel_);
  }

  static InstalledBackbone Net() {
    InstalledBackbone net;
    net.description.set_id("net");
    net.description.set_architecture("net_v1");
    net.description.set_digest(Sha256Hex("net"));
    net.description.set_feature_channels(8);
    net.description.set_forward_gflops(0.5);
    net.description.add_stages("stem");
    net.description.add_stages("top");
    net.stage_parameters = {100, 200};
    net.stages = {{"stem", {4, 14, 14}}, {"top", {8, 7, 7}}};
    return net;
  }

  static absl::StatusOr<IngestedDataset> IngestList(const ReceivedArchive& archive,
                                                    const std::filesystem::path& scratch) {
    GRAFT_ASSIGN_OR_RETURN(const std::string text, ReadFile(archive.file, 1 << 20));
    IngestedDataset made;
    made.format = "list";
    made.description.set_digest(Sha256Hex(text));
    for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      int images = 0;
      if (words.size() != 2 || !absl::SimpleAtoi(words[1], &images)) {
        return absl::InvalidArgumentError(absl::StrCat("not a list: ", line));
      }
      auto* entry = made.description.mutable_summary()->mutable_classification()->add_classes();
      entry->set_name(words[0]);
      entry->set_images(images);
      made.description.set_images(made.description.images() + images);
    }
    GRAFT_RETURN_IF_ERROR(WriteFileAtomically(scratch / "images.bin", text));
    made.files = {{"images.bin", scratch / "images.bin"}};
    return made;
  }

  absl::StatusOr<v1::UploadDatasetResponse> Upload(const std::string& list,
                                                   bool with_sha256 = false) {
    grpc::ClientContext context;
    v1::UploadDatasetResponse response;
    auto writer = datasets_->UploadDataset(&context, &response);
    v1::UploadDatasetRequest message;
    message.mutable_header()->set_display_name("a dataset");
    if (with_sha256) message.mutable_header()->set_sha256(Sha256Hex(list));
    writer->Write(message);
    message.set_chunk(list);
    writer->Write(message);
    writer->WritesDone();
    const absl::Status status = wire::FromGrpcStatus(writer->Finish());
    if (!status.ok()) return status;
    return response;
  }

  // A request that is right, for a dataset that is there.
  v1::StartFineTuneRequest GoodRequest() {
    const auto uploaded = Upload("cat 40\ndog 60\n");
    EXPECT_TRUE(uploaded.ok()) << uploaded.status();
    v1::StartFineTuneRequest request;
    auto* spec = request.mutable_spec();
    spec->set_dataset_id(uploaded->dataset().id());
    spec->set_model("pets");
    spec->mutable_task()->mutable_classification();
    return request;
  }

  absl::StatusOr<v1::StartFineTuneResponse> Start(const v1::StartFineTuneRequest& request) {
    grpc::ClientContext context;
    v1::StartFineTuneResponse response;
    const absl::Status status =
        wire::FromGrpcStatus(jobs_->StartFineTune(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  void Cancel(const std::string& id) {
    grpc::ClientContext context;
    v1::CancelJobRequest request;
    request.set_job_id(id);
    v1::CancelJobResponse response;
    ASSERT_TRUE(jobs_->CancelJob(&context, request, &response).ok());
  }

  std::vector<v1::Job> Jobs() {
    grpc::ClientContext context;
    v1::ListJobsResponse response;
    EXPECT_TRUE(jobs_->ListJobs(&context, {}, &response).ok());
    return {response.jobs().begin(), response.jobs().end()};
  }

  // Every file under the data folder but the database's, which says nothing by its size.
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(config_.data_dir)) {
      const std::string name = std::filesystem::relative(entry.path(), config_.data_dir).string();
      if (entry.is_regular_file() && !absl::StartsWith(name, "graft.db")) files.push_back(name);
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  std::unique_ptr<TempDirectory> folder_;
  ServerConfig config_;
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::unique_ptr<Application> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::FineTuneService::Stub> jobs_;
  std::unique_ptr<v1::DatasetService::Stub> datasets_;
  std::unique_ptr<v1::ModelService::Stub> models_;
  std::unique_ptr<v1::BackboneService::Stub> backbones_;
  std::unique_ptr<v1::PredictionService::Stub> predictions_;
};

}  // namespace graft::server

#endif  // GRAFT_TESTS_UNIT_SERVER_SERVER_FIXTURE_H_
