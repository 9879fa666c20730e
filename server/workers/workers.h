#ifndef GRAFT_SERVER_WORKERS_WORKERS_H_
#define GRAFT_SERVER_WORKERS_WORKERS_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/clock.h"
#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"
#include "server/base/periodic_task.h"
#include "server/config/config.h"
#include "server/rpc/grpc_listener.h"
#include "server/rpc/rpc_interceptor.h"
#include "server/workers/lease_monitor.h"
#include "server/workers/process_launcher.h"
#include "server/workers/worker_service.h"
#include "server/workers/worker_supervisor.h"

namespace graft::server {

// All that deals with workers: the service they call and its listener (a socket file that only this
// user may open), the watch over their leases, and the processes of this server's own. Other
// workers may be started by hand on the same socket. One thread starts, drains and stops it.
class Workers {
 public:
  // Borrowed: all must outlive the object.
  struct Environment {
    store::MetadataStore* store = nullptr;
    artifacts::BlobStore* blobs = nullptr;
    telemetry::Metrics* metrics = nullptr;
    Clock* clock = nullptr;
    const wire::Logger* logger = nullptr;
  };

  // `config` with absolute folders. `on_published` as in WorkerService::Options.
  Workers(const ServerConfig& config, Environment environment,
          std::function<void(const std::string& project, const std::string& model, int64_t version)>
              on_published);
  ~Workers();  // as Stop()

  // From the store's observer; at any time, before Start() and after Stop() too.
  void OnJobChange(const store::JobChange& change);

  // Opens the listener and starts the processes. Once.
  absl::Status Start(const RpcObservation& observation);

  // Leases nothing more; workers, also those started by hand, checkpoint and give their jobs back.
  // After `timeout` our own are killed and the jobs of others taken from them; no job is RUNNING
  // when it returns, unless the store fails.
  void Drain(absl::Duration timeout);

  // Ends processes and listener at once. Nothing happens the second time.
  void Stop();

 private:
  void AwaitLeases(absl::Duration until);
  void ReclaimLeases();

  const ServerConfig config_;
  const Environment environment_;
  const std::unique_ptr<ProcessLauncher> launcher_ = ProcessLauncher::Posix();
  std::unique_ptr<WorkerSupervisor> supervisor_;  // null: no workers of our own
  std::unique_ptr<LeaseMonitor> lease_monitor_;
  std::unique_ptr<WorkerService> service_;
  std::unique_ptr<GrpcListener> listener_;
  std::unique_ptr<PeriodicTask> lease_ticks_;
};

// The program of our own workers, and all its arguments but --worker-id.
std::filesystem::path WorkerProgram(const ServerConfig& config);
std::vector<std::string> WorkerCommand(const ServerConfig& config);

}  // namespace graft::server

#endif  // GRAFT_SERVER_WORKERS_WORKERS_H_
