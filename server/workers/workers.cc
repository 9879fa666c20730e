#include "server/workers/workers.h"

#include <algorithm>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/cpu_limit.h"
#include "core/base/status_macros.h"
#include "server/workers/worker_socket.h"
#include "wire/worker_limits.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;

// How often a drain looks whether the workers of others are done.
constexpr absl::Duration kDrainInterval = absl::Milliseconds(50);

// Half of the cores train, so that predictions find the others free.
int WorkerThreads(const ServerConfig& config) {
  if (config.worker_threads > 0) return config.worker_threads;
  return std::max(1, AvailableCpus() / 2);
}

}  // namespace

fs::path WorkerProgram(const ServerConfig& config) {
  if (!config.worker_program.empty()) return config.worker_program;
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path() / "graft-worker";
}

std::vector<std::string> WorkerCommand(const ServerConfig& config) {
  return {WorkerProgram(config).string(),
          absl::StrCat("--server=unix:", WorkerSocket(config).string()),
          absl::StrCat("--blobs=", (config.data_dir / "blobs").string()),
          absl::StrCat("--features=", (config.data_dir / "features").string()),
          absl::StrCat("--int8-ranges=", (config.data_dir / "int8-ranges").string()),
          absl::StrCat("--weights-dir=", config.weights_dir.string()),
          absl::StrCat("--threads=", WorkerThreads(config)),
          absl::StrCat("--scheduling=", config.worker_scheduling),
          absl::StrCat("--device=", config.worker_device),
          absl::StrCat("--serving-device=", config.serving_device),
          absl::StrCat("--parent=", getpid()),
          absl::StrCat("--feature-cache-bytes=", config.feature_cache_bytes),
          absl::StrCat("--min-free-disk-bytes=", config.min_free_disk_bytes),
          absl::StrCat("--log-format=", config.log_format),
          absl::StrCat("--log-level=", config.log_level)};
}

Workers::Workers(
    const ServerConfig& config, Environment environment,
    std::function<void(const std::string& project, const std::string& model, int64_t version)>
        on_published)
    : config_(config), environment_(environment) {
  const auto on_released = [this](const jobs::Job&) {
    environment_.metrics->job_crashes_total.Increment();
  };
  if (config_.workers > 0) {
    WorkerSupervisor::Options supervision;
    supervision.workers = config_.workers;
    supervision.command = WorkerCommand(config_);
    supervision.cancel_grace = config_.cancel_grace;
    supervision.kill_grace = config_.cancel_grace;
    supervision.on_released = on_released;
    supervisor_ = std::make_unique<WorkerSupervisor>(std::move(supervision), environment_.store,
                                                     launcher_.get(), environment_.clock,
                                                     environment_.metrics, environment_.logger);
  }
  LeaseMonitor::Options leases;
  leases.timeout = config_.lease_timeout;
  leases.on_released = on_released;
  leases.on_lost = [this](const jobs::RunningLease& lease) {
    if (supervisor_ != nullptr) supervisor_->Kill(lease.worker_id, "its lease was lost");
  };
  lease_monitor_ = std::make_unique<LeaseMonitor>(std::move(leases), environment_.store,
                                                  environment_.clock, environment_.logger);
  WorkerService::Options serving;
  serving.heartbeat_interval = config_.heartbeat_interval;
  serving.heartbeat_timeout =
      jobs::HeartbeatTimeout(config_.lease_timeout, config_.heartbeat_interval);
  serving.on_published = std::move(on_published);
  service_ = std::make_unique<WorkerService>(std::move(serving), environment_.store,
                                             environment_.blobs, environment_.metrics,
                                             environment_.clock, environment_.logger);
}

Workers::~Workers() { Stop(); }

void Workers::OnJobChange(const store::JobChange& change) {
  service_->OnJobChange(change);
  if (supervisor_ != nullptr) supervisor_->OnJobChange(change);
}

absl::Status Workers::Start(const RpcObservation& observation) {
  const fs::path socket = WorkerSocket(config_);
  GRAFT_RETURN_IF_ERROR(ClearWorkerSocket(socket));
  GrpcListener::Options options;
  options.address = absl::StrCat("unix:", socket.string());
  options.services = {{worker::v1::WorkerService::service_full_name(), service_.get()}};
  options.max_message_bytes = wire::kMaxWorkerMessage;
  options.interceptors = MakeRpcInterceptors(observation);
  GRAFT_ASSIGN_OR_RETURN(listener_, GrpcListener::Start(std::move(options)));
  std::error_code error;
  fs::permissions(socket, fs::perms::owner_read | fs::perms::owner_write, error);
  if (supervisor_ != nullptr) supervisor_->Start();
  lease_ticks_ = std::make_unique<PeriodicTask>(
      config_.lease_timeout / 8, [this] { lease_monitor_->Tick(); }, environment_.clock);
  return absl::OkStatus();
}

void Workers::Drain(absl::Duration timeout) {
  const absl::Duration until = environment_.clock->Monotonic() + timeout;
  service_->Drain();
  if (supervisor_ != nullptr) supervisor_->Drain(timeout);
  AwaitLeases(until);
  ReclaimLeases();
  if (listener_ != nullptr) listener_->Shutdown(absl::ZeroDuration());
}

void Workers::AwaitLeases(absl::Duration until) {
  while (environment_.clock->Monotonic() < until) {
    const auto running = environment_.store->ListRunningJobs();
    if (!running.ok() || running->empty()) return;
    environment_.clock->Sleep(kDrainInterval);
  }
}

void Workers::ReclaimLeases() {
  const auto running = environment_.store->ListRunningJobs();
  if (!running.ok()) return;  // the next start takes them back
  for (const jobs::RunningLease& lease : *running) {
    environment_.logger->Warning("job taken from a worker that did not give it back in time",
                                 {{"job", lease.job_id}, {"worker", lease.worker_id}});
    environment_.store
        ->ReleaseJob(lease.job_id, lease.fence, store::ReleaseReason::kDrained,
                     "the server stopped")
        .status()
        .IgnoreError();
  }
}

void Workers::Stop() {
  lease_ticks_.reset();
  service_->Drain();
  // What these lose is given back to the store, whose observer may still call OnJobChange.
  if (supervisor_ != nullptr) supervisor_->Stop();
  listener_.reset();
}

}  // namespace graft::server
