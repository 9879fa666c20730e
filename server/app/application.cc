#include "server/app/application.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/clock.h"
#include "core/base/cpu_limit.h"
#include "core/base/files.h"
#include "core/base/ids.h"
#include "core/base/machine.h"
#include "core/base/status_macros.h"
#include "core/base/thread_pool.h"
#include "core/engine/batch_planner.h"
#include "core/jobs/state_table.h"
#include "core/nn/device_names.h"
#include "core/serving/model_manager.h"
#include "core/serving/network_loader.h"
#include "core/serving/predictor.h"
#include "core/serving/stored_model_source.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "core/tasks/decoder_catalog.h"
#include "core/tasks/decoders.h"
#include "core/telemetry/metrics.h"
#include "server/api/api.h"
#include "server/api/disk_guard.h"
#include "server/api/watch_hub.h"
#include "server/app/data_folder.h"
#include "server/app/installed_backbones.h"
#include "server/app/prediction_records.h"
#include "server/app/serving_engines.h"
#include "server/app/serving_metrics.h"
#include "server/base/lifecycle.h"
#include "server/base/periodic_task.h"
#include "server/http/http_server.h"
#include "server/http/monitoring_routes.h"
#include "server/http/router.h"
#include "server/jobs/job_counts.h"
#include "server/jobs/job_end_observer.h"
#include "server/jobs/job_metrics.h"
#include "server/jobs/orphan_sweep.h"
#include "server/rpc/grpc_listener.h"
#include "server/rpc/rpc_interceptor.h"
#include "server/rpc/services.h"
#include "server/workers/worker_socket.h"
#include "server/workers/workers.h"
#include "wire/stored_upgrade.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;

// Passes that an accelerator is given at one time: one copies while the other computes. The CPU is
// taken whole by one.
constexpr int kPassesOfAccelerator = 2;

constexpr absl::Duration kCountInterval = absl::Seconds(1);
constexpr absl::Duration kMostUnloadInterval = absl::Minutes(1);
// How soon a pinned model comes back whose load failed, or whose latest version was deleted.
constexpr absl::Duration kPinInterval = absl::Seconds(10);
constexpr int kWatchThreads = 2;
// Jobs that ended and whose files wait to be deleted; those of more wait for the next start.
constexpr size_t kMaxSweeps = 10'000;
// Labels that wait for their versions to be loaded.
constexpr size_t kMaxLabelsWaiting = 64;
// A client may ask for a path of any length: the log gets this much of it.
constexpr size_t kMaxLoggedPath = 200;

// So that workers find them, and error messages never hold a part of them that looks like a word.
ServerConfig WithAbsoluteFolders(ServerConfig config) {
  config.data_dir = fs::absolute(config.data_dir).lexically_normal();
  config.weights_dir = fs::absolute(config.weights_dir).lexically_normal();
  return config;
}

// Members are declared in the order they are built, so that they are destroyed in reverse.
class Server final : public Application {
 public:
  Server(const ServerConfig& config, const wire::Logger* logger)
      : config_(WithAbsoluteFolders(config)), logger_(logger) {}

  ~Server() override {
    // Whoever calls first: nothing may call into what is torn down next. Members then go in
    // reverse.
    grpc_.reset();
    housekeeping_.reset();
    counting_.reset();
    if (workers_ != nullptr) workers_->Stop();
    if (store_ != nullptr) store_->SetObserver(nullptr);
    sweeps_.Close();
    io_.Close();
    ingest_.Close();
    explain_threads_.Close();
    api_threads_.Close();
    watch_reads_.Close();
    // Probes and metrics were answered to the last; what they read goes next.
    http_.reset();
    serving_metrics_.SetSources(nullptr, nullptr);
    serving_metrics_.SetPredictor(nullptr);
  }

  absl::Status Start(ApplicationParts parts) {
    // Probes first: opening data and hashing weights may take minutes.
    GRAFT_RETURN_IF_ERROR(ListenForProbes());
    GRAFT_RETURN_IF_ERROR(OpenData());
    GRAFT_RETURN_IF_ERROR(OpenBackbones(std::move(parts.backbones)));
    GRAFT_ASSIGN_OR_RETURN(
        records_, PredictionRecords::Open(
                      config_, {store_.get(), blobs_.get(), metrics_.get(), clock_, logger_}));
    GRAFT_RETURN_IF_ERROR(StartServing());
    MakeServices(parts.ingest ? std::move(parts.ingest) : MakeImageFolderIngest(config_),
                 std::move(parts.authorize));
    GRAFT_RETURN_IF_ERROR(StartWorkers());
    GRAFT_RETURN_IF_ERROR(Listen());
    job_counts_.Refresh(*store_);
    counting_ =
        std::make_unique<PeriodicTask>(kCountInterval, [this] { job_counts_.Refresh(*store_); });
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
    // Predictions go on while workers checkpoint; a fifth of the time is left to end what is under
    // way after that.
    workers_->Drain(left() * 0.8);
    // Watchers have seen how their jobs were given back; they go on at the next server.
    watches_.StopAll();
    inference_service_->streams().StopAll();
    grpc_->Shutdown(left());
    predictor_->Drain();
  }

 private:
  absl::Status ListenForProbes() {
    auto router = std::make_shared<Router>();
    GRAFT_RETURN_IF_ERROR(AddMonitoringRoutes(
        {[this] { return MetricsText(); }, [this] { return Ready(); }}, router.get()));
    HttpServer::Options options;
    options.address = config_.http_listen_address;
    options.port = config_.http_port;
    options.ids = ids_;
    options.clock = clock_;
    options.observe = [this](const HttpRequest& request, const HttpResponse& response,
                             absl::Duration took) {
      // Probes and scrapes are too many for more.
      logger_->Log(wire::LogLevel::kDebug, "http",
                   {{"method", request.method},
                    {"path", absl::string_view(request.path).substr(0, kMaxLoggedPath)},
                    {"status", absl::StrCat(response.status)},
                    {"seconds", absl::StrCat(absl::ToDoubleSeconds(took))},
                    {"request", request.request_id}});
    };
    GRAFT_ASSIGN_OR_RETURN(http_, HttpServer::Start(std::move(options), std::move(router)));
    return absl::OkStatus();
  }

  absl::Status OpenData() {
    std::error_code error;
    fs::create_directories(config_.data_dir, error);
    if (error) {
      return absl::FailedPreconditionError(
          absl::StrCat("--data-dir: cannot be made: ", error.message()));
    }
    // Jobs and data are nobody else's on this machine to read.
    fs::permissions(config_.data_dir, fs::perms::owner_all, error);
    GRAFT_RETURN_IF_ERROR(CheckFileSystems());
    store::SqliteMetadataStoreOptions options;
    options.path = config_.data_dir / "graft.db";
    options.clock = clock_;
    options.max_queued = config_.max_queued_jobs;
    options.retry.max_crashes = config_.max_job_crashes;
    options.retry.max_unclean_ends = config_.max_job_unclean_ends;
    // Not to be swept yet: that is for whoever holds the database.
    GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<artifacts::BlobStore> blobs_of_before,
                           artifacts::LocalBlobStore::Open(config_.data_dir / "blobs"));
    wire::StoredUpgrade upgrade(blobs_of_before.get());
    options.upgrade = &upgrade;
    GRAFT_ASSIGN_OR_RETURN(store_, store::SqliteMetadataStore::Open(options));
    GRAFT_ASSIGN_OR_RETURN(
        blobs_, artifacts::LocalBlobStore::Open(config_.data_dir / "blobs", /*sweep=*/true));
    GRAFT_RETURN_IF_ERROR(ResetTemporaryFolder(tmp_dir()));
    GRAFT_ASSIGN_OR_RETURN(const std::vector<jobs::Job> running, store_->RequeueRunningOnStart());
    for (const jobs::Job& job : running) {
      logger_->Warning("job ran when the server before ended",
                       {{"job", job.id},
                        {"state", jobs::JobStateName(job.state)},
                        {"unclean_ends", absl::StrCat(job.unclean_ends)}});
      CountJobEnd(*metrics_, store::ChangeOf(job));
    }
    GRAFT_ASSIGN_OR_RETURN(const int64_t swept, SweepOrphans(*store_, *blobs_));
    logger_->Info("data opened", {{"requeued_jobs", absl::StrCat(running.size())},
                                  {"swept_blobs", absl::StrCat(swept)}});
    return absl::OkStatus();
  }

  // Before anything is written there that would be lost.
  absl::Status CheckFileSystems() {
    GRAFT_ASSIGN_OR_RETURN(const FileSystemTraits data, ProbeFileSystem(config_.data_dir));
    FileSystemTraits socket = data;
    const fs::path folder = WorkerSocket(config_).parent_path();
    if (folder != config_.data_dir && fs::is_directory(folder)) {
      GRAFT_ASSIGN_OR_RETURN(socket, ProbeFileSystem(folder));
    }
    for (const std::string& warning : WarningsOf(data)) logger_->Warning(warning, {});
    return CheckTraits(data, socket);
  }

  absl::Status OpenBackbones(std::optional<std::vector<InstalledBackbone>> given) {
    if (!given.has_value()) {
      auto catalog = backbones::WeightsCatalog::Open(config_.weights_dir);
      if (catalog.ok()) {
        weights_ = *std::move(catalog);
      } else if (!absl::IsNotFound(catalog.status())) {
        return catalog.status();
      }
      for (const absl::Status& problem : weights_.problems()) {
        logger_->Error("backbone left out", {{"error", problem.ToString()}});
      }
      GRAFT_ASSIGN_OR_RETURN(given, DescribeBackbones(weights_));
    }
    backbones_ = std::make_unique<BackboneDirectory>(*std::move(given), config_.default_backbone);
    if (backbones_->all().empty()) {
      logger_->Warning("no pretrained weights: jobs cannot be started",
                       {{"hint", "import some with scripts/import_weights.py"}});
    } else if (!backbones_->Find("").ok()) {
      logger_->Warning("the default backbone is not installed: jobs must name another",
                       {{"backbone", config_.default_backbone},
                        {"hint", "import it with scripts/import_weights.py"}});
    }
    return absl::OkStatus();
  }

  absl::Status StartServing() {
    source_ = std::make_unique<serving::StoredModelSource>(store_.get(), blobs_.get());
    serving::NetworkLoader::Options loading;
    loading.threads = config_.serving_threads > 0 ? config_.serving_threads : AvailableCpus();
    GRAFT_ASSIGN_OR_RETURN(ServingEngines serving, ChooseServingEngines(config_));
    nn::KeepFloat32();
    loading.engines = std::move(serving.engines);
    loading.passes = serving.device == "cpu" ? 1 : kPassesOfAccelerator;
    logger_->Info("models answer", {{"device", serving.device}});
    // Empty for "auto", which is no precision.
    loading.precision = model::PrecisionFromName(config_.serving_precision);
    predict_cache_ = std::make_unique<serving::PredictCache>(config_.predict_cache_bytes);
    loading.cache = predict_cache_.get();
    if (config_.measure_batch_plans) {
      planner_ = std::make_unique<engine::BatchPlanner>(config_.data_dir / "batch-plans.txt",
                                                        ProcessorName(), clock_);
      loading.planner = planner_.get();
    }
    loading.drift_window = config_.drift_window;
    loading.max_batch_bytes = config_.max_batch_bytes;
    loading.max_batch_size = config_.max_batch_size;
    loading.images.max_bytes = config_.max_image_bytes;
    loading.images.max_pixels = config_.max_image_pixels;
    loader_ = std::make_unique<serving::NetworkLoader>(loading, source_.get(), &weights_,
                                                       &tasks::AllDecoders());
    serving::ModelManager::Options models;
    models.memory_budget_bytes = config_.model_memory_bytes;
    models.warm_batch_sizes = serving::WarmBatchSizes(config_.max_batch_size);
    GRAFT_ASSIGN_OR_RETURN(
        models_, serving::ModelManager::Create(models, source_.get(), loader_.get(), clock_,
                                               &serving_metrics_));
    GRAFT_ASSIGN_OR_RETURN(const std::vector<store::ModelLabel> labels,
                           store_->ListAllModelLabels());
    for (const store::ModelLabel& label : labels) {
      models_->SetLabel(label.project, label.model, label.label, label.version);
    }
    GRAFT_ASSIGN_OR_RETURN(const auto pinned, store_->ListPinnedModels());
    for (const auto& [project, model] : pinned) models_->SetPinned(project, model, true);
    models_->LoadPinned([this] { pinned_loaded_.store(true); });
    pinning_ = std::make_unique<PeriodicTask>(kPinInterval, [this] { models_->LoadPinned([] {}); });
    if (config_.model_idle_timeout > absl::ZeroDuration()) {
      unloading_ = std::make_unique<PeriodicTask>(
          std::clamp(config_.model_idle_timeout / 4, kCountInterval, kMostUnloadInterval), [this] {
            const int unloaded = models_->UnloadIdle(config_.model_idle_timeout);
            if (unloaded > 0) {
              logger_->Info("idle models unloaded", {{"models", absl::StrCat(unloaded)}});
            }
          });
    }
    serving_metrics_.SetSources(models_.get(), predict_cache_.get());
    serving::Predictor::Options predicting;
    predicting.batch.max_batch_size = config_.max_batch_size;
    predicting.batch.instances = loading.passes;
    predicting.batch.max_queue_delay = config_.max_queue_delay;
    predicting.batch.bulk_patience = config_.bulk_patience;
    predicting.decode_threads = config_.decode_threads;
    predicting.max_inputs_per_request = config_.max_predict_inputs;
    predicting.max_bytes_per_input = config_.max_image_bytes;
    predicting.max_pending_inputs = config_.predict_queue;
    predicting.max_pending_bytes = PredictQueueBytes(config_);
    predicting.max_inputs_per_caller = config_.max_predict_inputs_per_caller;
    predicting.p99_goal = config_.predict_p99_goal;
    GRAFT_ASSIGN_OR_RETURN(
        predictor_, serving::Predictor::Create(predicting, models_.get(), clock_,
                                               &inference_statistics_, records_->recorder()));
    serving_metrics_.SetPredictor(predictor_.get());
    prediction_service_ = std::make_unique<PredictionService>(
        predictor_.get(), clock_, &inference_statistics_, records_->request_log());
    explanation_service_ = std::make_unique<ExplanationService>(
        models_.get(), clock_, &explain_threads_, config_.max_image_bytes, records_->request_log());
    inference_service_ = std::make_unique<InferenceService>(InferenceService::Environment{
        predictor_.get(), models_.get(), store_.get(), clock_, &inference_statistics_,
        [this] { return ServesReady(); }, &inference_statistics_, config_.max_predict_inputs,
        static_cast<size_t>(config_.max_infer_streams), PrivateFolders(), records_->request_log()});
    capture_service_ = std::make_unique<CaptureService>(CaptureService::Environment{
        store_.get(), records_->policies(), records_->pictures(), records_->recorder(), logger_});
    return absl::OkStatus();
  }

  void MakeServices(IngestArchive ingest, AuthorizeFunction authorize) {
    job_ends_ = std::make_unique<JobEndObserver>(blobs_.get(), metrics_.get(), &sweeps_, logger_);
    Gate::Options gate;
    if (authorize) gate.authorize = std::move(authorize);
    gate.quota = [this](const Principal&, const Action&) { return lifecycle_.AdmitWork(); };
    gate_ = std::make_unique<Gate>(std::move(gate));
    fine_tune_ = std::make_unique<FineTuneService>(FineTuneService::Environment{
        store_.get(), blobs_.get(), backbones_.get(), &watches_, ids_, logger_,
        [this] { return CheckDisk(config_.data_dir, config_.min_free_disk_bytes); }});
    UploadEnvironment uploads;
    uploads.tmp_dir = tmp_dir();
    uploads.max_bytes = config_.max_upload_bytes;
    uploads.min_free_disk_bytes = config_.min_free_disk_bytes;
    uploads.io = &io_;
    uploads.ingest = &ingest_;
    uploads.metrics = metrics_.get();
    uploads.clock = clock_;
    datasets_ = std::make_unique<DatasetService>(
        DatasetService::Environment{store_.get(), blobs_.get(), ids_, metrics_.get(), logger_,
                                    std::move(ingest), gate_.get()},
        std::move(uploads), static_cast<size_t>(config_.max_concurrent_uploads));
    backbone_service_ = std::make_unique<BackboneService>(backbones_.get());
    model_service_ = std::make_unique<ModelService>(ModelService::Environment{
        store_.get(), blobs_.get(), logger_,
        [this](const std::string& project, const std::string& model, int64_t version) {
          models_->Forget(project, model, version);
        },
        [this](const serving::ModelKey& key) { return models_->Find(key); },
        [this](const serving::ModelKey& key,
               absl::Duration timeout) -> absl::StatusOr<std::shared_ptr<const void>> {
          GRAFT_ASSIGN_OR_RETURN(serving::AcquiredModel model,
                                 serving::AcquireAndWait(*models_, key, timeout));
          return std::shared_ptr<const void>(std::move(model.servable));
        },
        [this](const store::ModelLabel& label) {
          models_->SetLabel(label.project, label.model, label.label, label.version);
        },
        [this](const std::string& project, const std::string& model, bool pinned) {
          models_->SetPinned(project, model, pinned);
        }});
    workers_ = std::make_unique<Workers>(
        config_, Workers::Environment{store_.get(), blobs_.get(), metrics_.get(), clock_, logger_},
        [this](const std::string& project, const std::string& model, int64_t version) {
          models_->Preload(project, model, version);
        });
  }

  absl::Status StartWorkers() {
    store_->SetObserver([this](const store::JobChange& change) {
      watches_.Notify(change.job_id);
      job_ends_->OnJobChange(change);
      workers_->OnJobChange(change);
    });
    // Their calls are not in the metrics of the public API.
    return workers_->Start(Observation(/*metrics=*/nullptr, {}));
  }

  RpcObservation Observation(telemetry::Metrics* metrics, std::vector<std::string> services) {
    return {metrics, logger_, clock_, ids_, PrivateFolders(), std::move(services)};
  }

  std::vector<std::string> PrivateFolders() const {
    return {config_.data_dir.string(), config_.weights_dir.string()};
  }

  absl::Status Listen() {
    GrpcListener::Options options;
    options.address = HostPort(config_.listen_address, config_.port);
    rpc_services_ = MakeRpcServices(
        {gate_.get(), fine_tune_.get(), datasets_.get(), model_service_.get(),
         backbone_service_.get(), prediction_service_.get(), explanation_service_.get(),
         inference_service_.get(), capture_service_.get()},
        {&api_threads_, &label_threads_});
    std::vector<std::string> names;
    for (const RpcService& service : rpc_services_) {
      options.services.emplace_back(service.name, service.service.get());
      names.push_back(service.name);
    }
    options.interceptors = MakeRpcInterceptors(Observation(metrics_.get(), std::move(names)));
    options.max_message_bytes = config_.max_message_bytes;
    options.max_concurrent_streams = config_.max_concurrent_streams;
    options.memory_bytes = config_.transport_memory_bytes;
    options.max_connection_idle = config_.max_connection_idle;
    options.reflection = config_.reflection;
    GRAFT_ASSIGN_OR_RETURN(grpc_, GrpcListener::Start(std::move(options)));
    housekeeping_ = std::make_unique<PeriodicTask>(
        std::min(absl::Seconds(1), config_.upload_idle_timeout / 4), [this] { RunHousekeeping(); });
    return absl::OkStatus();
  }

  // Ready means that calls are answered; that needs the store. Like MetricsText it is asked while
  // the server starts and never waits for anything.
  absl::Status Ready() {
    GRAFT_RETURN_IF_ERROR(ServesReady());
    return job_counts_.Fresh();
  }

  // Pinned models are there, or have been tried: nobody is sent here to wait for one.
  absl::Status ServesReady() {
    GRAFT_RETURN_IF_ERROR(lifecycle_.Ready());
    if (pinned_loaded_.load()) return absl::OkStatus();
    return absl::UnavailableError("pinned models are being loaded");
  }

  std::string MetricsText() {
    serving_metrics_.Refresh();
    metrics_->watch_streams.Set(static_cast<double>(watches_.size()));
    return metrics_->Serialize();
  }

  void RunHousekeeping() {
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
  const wire::Logger* const logger_;
  Clock* const clock_ = Clock::System();
  IdGenerator* const ids_ = IdGenerator::System();
  const std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  Lifecycle lifecycle_;
  std::atomic<bool> pinned_loaded_{false};  // or tried, those there were at the start
  JobCounts job_counts_{metrics_.get(), clock_};
  // Apart from the API's threads: a thousand streams must not keep a call waiting.
  ThreadPool watch_reads_{"graft-watch", kWatchThreads,
                          static_cast<size_t>(config_.max_watch_streams)};
  WatchHub watches_{static_cast<size_t>(config_.max_watch_streams), &watch_reads_};
  std::unique_ptr<HttpServer> http_;

  // Work that blocks, apart by kind so that none waits for another's.
  ThreadPool api_threads_{"graft-api", config_.api_threads, static_cast<size_t>(config_.api_queue)};
  ThreadPool label_threads_{"graft-label", 2, kMaxLabelsWaiting};
  ThreadPool explain_threads_{"graft-explain", 1, ExplanationService::kMostInside};
  ThreadPool io_{"graft-io", 2, static_cast<size_t>(config_.max_concurrent_uploads)};
  ThreadPool sweeps_{"graft-sweep", 1, kMaxSweeps};
  ThreadPool ingest_{"graft-ingest", config_.ingest_threads,
                     static_cast<size_t>(config_.max_concurrent_uploads)};

  std::unique_ptr<store::MetadataStore> store_;
  std::unique_ptr<artifacts::BlobStore> blobs_;
  backbones::WeightsCatalog weights_{{}};
  std::unique_ptr<BackboneDirectory> backbones_;
  std::unique_ptr<JobEndObserver> job_ends_;

  std::unique_ptr<PredictionRecords> records_;

  ServingMetrics serving_metrics_{metrics_.get(), logger_, clock_};
  InferenceStatistics inference_statistics_{&serving_metrics_, clock_};
  std::unique_ptr<serving::StoredModelSource> source_;
  std::unique_ptr<serving::PredictCache> predict_cache_;
  std::unique_ptr<engine::BatchPlanner> planner_;
  std::unique_ptr<serving::NetworkLoader> loader_;
  std::unique_ptr<serving::ModelManager> models_;
  std::unique_ptr<PeriodicTask> unloading_;  // of models_
  std::unique_ptr<PeriodicTask> pinning_;    // of models_
  std::unique_ptr<serving::Predictor> predictor_;

  std::unique_ptr<Gate> gate_;
  std::unique_ptr<PredictionService> prediction_service_;
  std::unique_ptr<ExplanationService> explanation_service_;
  std::unique_ptr<InferenceService> inference_service_;
  std::unique_ptr<CaptureService> capture_service_;
  std::unique_ptr<FineTuneService> fine_tune_;
  std::unique_ptr<DatasetService> datasets_;
  std::unique_ptr<ModelService> model_service_;
  std::unique_ptr<BackboneService> backbone_service_;
  std::vector<RpcService> rpc_services_;

  std::unique_ptr<Workers> workers_;
  std::unique_ptr<GrpcListener> grpc_;
  std::unique_ptr<PeriodicTask> housekeeping_;
  std::unique_ptr<PeriodicTask> counting_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Application>> Application::Start(const ServerConfig& config,
                                                                const wire::Logger* logger,
                                                                ApplicationParts parts) {
  auto server = std::make_unique<Server>(config, logger);
  GRAFT_RETURN_IF_ERROR(server->Start(std::move(parts)));
  return std::unique_ptr<Application>(std::move(server));
}

}  // namespace graft::server
