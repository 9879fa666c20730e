#ifndef GRAFT_SERVER_WORKERS_WORKER_SERVICE_H_
#define GRAFT_SERVER_WORKERS_WORKER_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/worker/v1/worker.grpc.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/clock.h"
#include "core/base/thread_pool.h"
#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"
#include "server/workers/lease_calls.h"
#include "wire/model.h"

namespace graft::server {

// graft.worker.v1.WorkerService over the metadata store: what workers lease, tell and finish.
// Blocking work runs on threads of its own, so that a busy API does not delay heartbeats; and what
// takes long, the check of an artefact that is to be published, on others again.
// Safe for concurrent use.
class WorkerService final : public worker::v1::WorkerService::CallbackService {
 public:
  struct Options {
    absl::Duration heartbeat_interval = absl::Seconds(1);
    absl::Duration heartbeat_timeout = absl::Seconds(4);
    int threads = 2;
    int publish_threads = 1;   // read and hash whole artefacts
    size_t max_waiting = 256;  // Lease calls
    // Told after a version became visible.
    std::function<void(const std::string& project, const std::string& model, int64_t version)>
        on_published;
  };

  // Borrowed: all must outlive the service.
  WorkerService(Options options, store::MetadataStore* store, artifacts::BlobStore* blobs,
                telemetry::Metrics* metrics, Clock* clock, const wire::Logger* logger);
  ~WorkerService() override;

  // From the store's observer: a queued job wakes those who wait for one.
  void OnJobChange(const store::JobChange& change);

  // Leases nothing more, and asks those who run a job to give it back.
  void Drain();

  // Long polls that wait now.
  size_t waiting() const { return lease_calls_.waiting(); }

  grpc::ServerUnaryReactor* Lease(grpc::CallbackServerContext* context,
                                  const worker::v1::LeaseRequest* request,
                                  worker::v1::LeaseResponse* response) override;
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const worker::v1::HeartbeatRequest* request,
                                      worker::v1::HeartbeatResponse* response) override;
  grpc::ServerUnaryReactor* Report(grpc::CallbackServerContext* context,
                                   const worker::v1::ReportRequest* request,
                                   worker::v1::ReportResponse* response) override;
  grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                   const worker::v1::FinishRequest* request,
                                   worker::v1::FinishResponse* response) override;

 private:
  // A lease this server gave.
  struct GivenLease {
    jobs::Job job;          // as it was claimed; `progress` is kept current
    bool finished = false;  // over; kept for a Finish that is sent twice
    bool counted = false;   // what its Finish counted is in the metrics
  };

  absl::StatusOr<bool> TryLease(const worker::v1::LeaseRequest& request,
                                worker::v1::LeaseResponse* response);
  absl::Status DoReport(const worker::v1::ReportRequest& request,
                        worker::v1::ReportResponse* response);
  absl::Status DoFinish(const worker::v1::FinishRequest& request,
                        worker::v1::FinishResponse* response);
  absl::StatusOr<store::JobOutcome> OutcomeOf(const worker::v1::FinishRequest& request,
                                              const jobs::Job& job);
  // What the worker left under its prefix, once its hashes hold.
  absl::StatusOr<wire::VerifiedArtifact> CheckedArtifact(const worker::v1::FinishRequest& request,
                                                         const jobs::Job& job);
  // ABORTED when this server did not give that lease, or it is over.
  absl::StatusOr<jobs::Job> LeasedJobOf(const std::string& job_id, uint64_t fence) const;
  void MarkFinished(const std::string& job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Count(const worker::v1::WorkerCounters& counters);

  const Options options_;
  store::MetadataStore* const store_;
  artifacts::BlobStore* const blobs_;
  telemetry::Metrics* const metrics_;
  Clock* const clock_;
  const wire::Logger* const logger_;
  std::atomic<bool> draining_{false};

  mutable absl::Mutex mutex_;
  std::map<std::string, GivenLease> leases_ ABSL_GUARDED_BY(mutex_);  // by job id
  // Ended leases that are remembered, oldest first, for a Finish that is sent twice.
  std::deque<std::string> finished_ ABSL_GUARDED_BY(mutex_);

  ThreadPool executor_;
  ThreadPool publishing_;
  LeaseCalls lease_calls_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_WORKERS_WORKER_SERVICE_H_
