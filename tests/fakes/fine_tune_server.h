#ifndef GRAFT_TESTS_FAKES_FINE_TUNE_SERVER_H_
#define GRAFT_TESTS_FAKES_FINE_TUNE_SERVER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "graft/v1/finetune.grpc.pb.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"
#include "core/base/ids.h"
#include "core/base/sha256.h"
#include "core/base/thread_pool.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "server/api/api.h"
#include "server/api/backbone_directory.h"
#include "server/api/gate.h"
#include "server/api/watch_hub.h"
#include "server/rpc/services.h"
#include "tests/fakes/loopback_server.h"
#include "wire/dataset.h"
#include "wire/job.h"
#include "wire/status.h"

namespace graft {

// The part of a server that starts jobs and shows them, on loopback, over a real store with one
// dataset. Jobs are run by whoever calls the store. Safe for concurrent use.
class FineTuneServer {
 public:
  struct Options {
    int api_threads = 4;
    size_t api_queue = 256;
    size_t max_streams = 2'000;
  };
  explicit FineTuneServer(const Options& options)
      : api_("api", options.api_threads, options.api_queue),
        reads_("watch", 2, options.max_streams),
        hub_(options.max_streams, &reads_) {
    v1::Dataset description;
    description.set_id("dataset-1");
    description.set_project("default");
    description.set_digest(Sha256Hex("dataset"));
    description.set_images(100);
    for (const auto& [name, images] : {std::pair("cat", 40), std::pair("dog", 60)}) {
      v1::ClassCounts* counts =
          description.mutable_summary()->mutable_classification()->add_classes();
      counts->set_name(name);
      counts->set_images(images);
    }
    store::Dataset dataset = *wire::ToRow(description);
    dataset.format = "image_folder";
    store_->CreateDataset(dataset).status().IgnoreError();
    store_->SetObserver([this](const store::JobChange& change) { hub_.Notify(change.job_id); });
    stub_ = v1::FineTuneService::NewStub(server_->channel());
  }
  ~FineTuneServer() {
    hub_.StopAll();
    server_.reset();
    store_->SetObserver(nullptr);
    reads_.Close();
    api_.Close();
  }

  store::MetadataStore& store() { return *store_; }
  v1::FineTuneService::Stub& stub() { return *stub_; }
  const std::string& address() const { return server_->address(); }

  // The id of a new job.
  absl::StatusOr<std::string> StartJob() {
    grpc::ClientContext context;
    v1::StartFineTuneRequest request;
    request.mutable_spec()->set_dataset_id("dataset-1");
    request.mutable_spec()->set_model("pets");
    request.mutable_spec()->mutable_task()->mutable_classification();
    v1::StartFineTuneResponse response;
    const absl::Status status =
        wire::FromGrpcStatus(stub_->StartFineTune(&context, request, &response));
    if (!status.ok()) return status;
    return response.job().id();
  }

  // As a worker: news of a job for all who watch it.
  absl::Status Report(const std::string& job_id, uint64_t fence, const std::string& text) {
    v1::JobEvent event;
    event.mutable_log()->set_text(text);
    const absl::StatusOr<jobs::JobEvent> stored = wire::FromProto(event);
    if (!stored.ok()) return stored.status();
    return store_->ReportEvents(job_id, fence, {{*stored}, {}, 0, false}).status();
  }

 private:
  static server::InstalledBackbone Net() {
    server::InstalledBackbone net;
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

  const TempDirectory folder_ = *TempDirectory::Create();
  const std::unique_ptr<store::MetadataStore> store_ =
      *store::SqliteMetadataStore::Open({.path = folder_.path() / "graft.db"});
  const std::unique_ptr<artifacts::BlobStore> blobs_ =
      *artifacts::LocalBlobStore::Open(folder_.path() / "blobs");
  const server::BackboneDirectory backbones_{{Net()}, "net"};
  const std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  ThreadPool api_;
  ThreadPool reads_;
  server::WatchHub hub_;
  server::FineTuneService service_{{store_.get(), blobs_.get(), &backbones_, &hub_,
                                    IdGenerator::System(), logger_.get(),
                                    [] { return absl::OkStatus(); }}};
  const server::Gate gate_;
  const std::vector<server::RpcService> services_ = server::MakeRpcServices(
      {.gate = &gate_, .jobs = &service_}, {.executor = &api_, .waiting = &api_});
  std::unique_ptr<LoopbackServer> server_ =
      std::make_unique<LoopbackServer>(services_.front().service.get());
  std::unique_ptr<v1::FineTuneService::Stub> stub_;
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_FINE_TUNE_SERVER_H_
