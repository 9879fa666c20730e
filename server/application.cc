#include "server/application.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/ids.h"
#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "core/telemetry/metrics.h"
#include "server/disk_guard.h"
#include "server/executor.h"
#include "server/grpc_listener.h"
#include "server/http/http_server.h"
#include "server/installed_backbones.h"
#include "server/lifecycle.h"
#include "server/orphan_sweep.h"
#include "server/periodic_task.h"
#include "server/rpc_interceptor.h"
#include "server/services/backbone_service.h"
#include "server/services/dataset_service.h"
#include "server/services/fine_tune_service.h"
#include "server/services/watch_hub.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// Members are declared in the order they are built, so that they are destroyed in reverse.
class Server final : public Application {
 public:
  Server(const ServerConfig& config, const Logger* logger) : config_(config), logger_(logger) {}

  ~Server() override {
    // Listeners first: nothing may call into what is torn down next.
    grpc_.reset();
    housekeeping_.reset();
    if (store_ != nullptr) store_->SetObserver(nullptr);
    io_.Shutdown();
    ingest_.Shutdown();
    api_.Shutdown();
  }

  absl::Status Start(ApplicationParts parts) {
    GRAFT_RETURN_IF_ERROR(OpenData());
    GRAFT_RETURN_IF_ERROR(OpenBackbones(std::move(parts.backbones)));
    MakeServices(std::move(parts.ingest));
    GRAFT_RETURN_IF_ERROR(Listen());
    lifecycle_.SetReady();
    grpc_->SetHealth(true);
    GRAFT_RETURN_IF_ERROR(WritePortFile());
    logger_->Info("ready", {{"address", HostPort(config_.listen_address, port())},
                            {"http", HostPort(config_.http_listen_address, http_port())}});
    return absl::OkStatus();
  }

  int port() const override { return grpc_->port(); }
  int http_port() const override { return http_->port(); }

  void Drain() override {
    const absl::Duration until = clock_->Monotonic() + config_.drain_timeout;
    const auto left = [&] { return std::max(until - clock_->Monotonic(), absl::ZeroDuration()); };
    lifecycle_.SetDraining();
    metrics_->draining.Set(1);
    grpc_->SetHealth(false);
    // Watchers have seen how their jobs were given back; they go on at the next server.
    watches_.StopAll();
    grpc_->Shutdown(left());
  }

 private:
  absl::Status OpenData() {
    std::error_code error;
    fs::create_directories(config_.data_dir, error);
    if (error) {
      return absl::FailedPreconditionError(
          absl::StrCat("--data-dir: cannot be made: ", error.message()));
    }
    // Jobs and data are nobody else's on this machine to read.
    fs::permissions(config_.data_dir, fs::perms::owner_all, error);
    SqliteMetadataStoreOptions options;
    options.path = config_.data_dir / "graft.db";
    options.clock = clock_;
    options.max_queued = config_.max_queued_jobs;
    options.retry.max_crashes = config_.max_job_crashes;
    GRAFT_ASSIGN_OR_RETURN(store_, SqliteMetadataStore::Open(options));
    GRAFT_ASSIGN_OR_RETURN(blobs_,
                           LocalBlobStore::Open(config_.data_dir / "blobs", /*sweep=*/true));
    GRAFT_RETURN_IF_ERROR(ResetTemporaryFolder(tmp_dir()));
    GRAFT_ASSIGN_OR_RETURN(const int requeued, store_->RequeueRunningOnStart());
    GRAFT_ASSIGN_OR_RETURN(const int64_t swept, SweepOrphans(*store_, *blobs_));
    logger_->Info("data opened", {{"requeued_jobs", absl::StrCat(requeued)},
                                  {"swept_blobs", absl::StrCat(swept)}});
    return absl::OkStatus();
  }

  absl::Status OpenBackbones(std::optional<std::vector<InstalledBackbone>> given) {
    if (!given.has_value()) {
      auto catalog = WeightsCatalog::Open(config_.weights_dir);
      if (catalog.ok()) {
        weights_ = *std::move(catalog);
      } else if (absl::IsNotFound(catalog.status())) {
        logger_->Warning("no pretrained weights: jobs cannot be started",
                         {{"hint", "import some with scripts/import_weights.py"}});
      } else {
        return catalog.status();
      }
      for (const absl::Status& problem : weights_.problems()) {
        logger_->Error("backbone left out", {{"error", problem.ToString()}});
      }
      GRAFT_ASSIGN_OR_RETURN(given, DescribeBackbones(weights_));
    }
    backbones_ = std::make_unique<BackboneDirectory>(*std::move(given), config_.default_backbone);
    return absl::OkStatus();
  }

  void MakeServices(IngestArchive ingest) {
    const auto admit = [this]() -> absl::Status {
      GRAFT_RETURN_IF_ERROR(lifecycle_.AdmitWork());
      return CheckDisk(config_.data_dir, config_.min_free_disk_bytes);
    };
    fine_tune_ = std::make_unique<FineTuneService>(FineTuneService::Environment{
        store_.get(), blobs_.get(), backbones_.get(), &api_, &watches_, ids_, logger_, admit});
    UploadEnvironment uploads;
    uploads.tmp_dir = tmp_dir();
    uploads.max_bytes = config_.max_upload_bytes;
    uploads.min_free_disk_bytes = config_.min_free_disk_bytes;
    uploads.io = &io_;
    uploads.ingest = &ingest_;
    uploads.metrics = metrics_.get();
    uploads.clock = clock_;
    datasets_ = std::make_unique<DatasetService>(
        DatasetService::Environment{store_.get(), blobs_.get(), &api_, ids_, metrics_.get(),
                                    logger_, std::move(ingest), admit},
        std::move(uploads), static_cast<size_t>(config_.max_concurrent_uploads));
    backbone_service_ = std::make_unique<BackboneService>(backbones_.get());
    store_->SetObserver([this](const JobChange& change) { watches_.Notify(change.job_id); });
  }

  absl::Status Listen() {
    GRAFT_ASSIGN_OR_RETURN(
        http_, HttpServer::Start(config_.http_listen_address, config_.http_port,
                                 {[this] { return MetricsText(); }, [this] { return Ready(); }}));
    GrpcListener::Options options;
    options.address = HostPort(config_.listen_address, config_.port);
    options.services = {{v1::FineTuneService::service_full_name(), fine_tune_.get()},
                        {v1::DatasetService::service_full_name(), datasets_.get()},
                        {v1::BackboneService::service_full_name(), backbone_service_.get()}};
    options.interceptors = MakeRpcInterceptors(
        metrics_.get(), logger_, clock_, ids_,
        {fs::absolute(config_.data_dir).string(), config_.data_dir.string(),
         fs::absolute(config_.weights_dir).string(), config_.weights_dir.string()});
    options.max_message_bytes = config_.max_message_bytes;
    options.max_concurrent_streams = config_.max_concurrent_streams;
    options.memory_bytes = config_.transport_memory_bytes;
    options.max_connection_idle = config_.max_connection_idle;
    GRAFT_ASSIGN_OR_RETURN(grpc_, GrpcListener::Start(std::move(options)));
    housekeeping_ = std::make_unique<PeriodicTask>(
        std::min(absl::Seconds(1), config_.upload_idle_timeout / 4), [this] { KeepHouse(); });
    return absl::OkStatus();
  }

  // Ready means that calls are answered; that needs the store.
  absl::Status Ready() {
    GRAFT_RETURN_IF_ERROR(lifecycle_.Ready());
    const auto counts = store_->CountJobs();
    if (!counts.ok()) return absl::UnavailableError("the metadata store does not answer");
    return absl::OkStatus();
  }

  std::string MetricsText() {
    const auto counts = store_->CountJobs();
    if (counts.ok()) {
      for (const auto& [state, count] : *counts) {
        metrics_->jobs.Set({std::string(JobStateName(state))}, static_cast<double>(count));
        if (state == JobState::kQueued) metrics_->job_queue_depth.Set(static_cast<double>(count));
      }
    }
    metrics_->watch_streams.Set(static_cast<double>(watches_.size()));
    return metrics_->Serialize();
  }

  void KeepHouse() {
    datasets_->DropIdleUploads(clock_->Monotonic() - config_.upload_idle_timeout);
  }

  absl::Status WritePortFile() {
    if (config_.port_file.empty()) return absl::OkStatus();
    const nlohmann::json ports = {
        {"grpc_port", port()}, {"http_port", http_port()}, {"pid", getpid()}};
    return Annotate(WriteFileAtomically(config_.port_file, ports.dump() + "\n"), "--port-file");
  }

  fs::path tmp_dir() const { return config_.data_dir / "tmp"; }

  const ServerConfig config_;
  const Logger* const logger_;
  Clock* const clock_ = Clock::System();
  IdGenerator* const ids_ = IdGenerator::System();
  const std::unique_ptr<Metrics> metrics_ = Metrics::Create();
  Lifecycle lifecycle_;

  // Work that blocks, apart by kind so that none waits for another's.
  Executor api_{config_.api_threads, static_cast<size_t>(config_.api_queue)};
  Executor io_{2, static_cast<size_t>(config_.max_concurrent_uploads)};
  Executor ingest_{config_.ingest_threads, static_cast<size_t>(config_.max_concurrent_uploads)};

  std::unique_ptr<MetadataStore> store_;
  std::unique_ptr<BlobStore> blobs_;
  WeightsCatalog weights_{{}};
  std::unique_ptr<BackboneDirectory> backbones_;
  WatchHub watches_{static_cast<size_t>(config_.max_watch_streams)};

  std::unique_ptr<FineTuneService> fine_tune_;
  std::unique_ptr<DatasetService> datasets_;
  std::unique_ptr<BackboneService> backbone_service_;

  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<GrpcListener> grpc_;
  std::unique_ptr<PeriodicTask> housekeeping_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Application>> Application::Start(const ServerConfig& config,
                                                                const Logger* logger,
                                                                ApplicationParts parts) {
  auto server = std::make_unique<Server>(config, logger);
  GRAFT_RETURN_IF_ERROR(server->Start(std::move(parts)));
  return std::unique_ptr<Application>(std::move(server));
}

}  // namespace graft
