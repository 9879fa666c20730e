#ifndef GRAFT_WORKER_JOB_RUNNER_H_
#define GRAFT_WORKER_JOB_RUNNER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/clock.h"
#include "core/base/disk_reserve.h"
#include "wire/logging.h"
#include "worker/heartbeats.h"
#include "worker/server_link.h"
#include "worker/trainer.h"

namespace graft::worker {

// The worker's life: lease a job, run it, tell how it went, and so on. One job at a time.
// Not safe for concurrent use.
class JobRunner {
 public:
  struct Options {
    v1::Capabilities capabilities;
    absl::Duration lease_wait = absl::Seconds(20);
    // Of the disk with the blobs, which checkpoints may not touch and artefacts may. Null: none.
    // Borrowed.
    DiskReserve* disk_reserve = nullptr;
    // Whether the process was told to end; polled often, from any thread.
    std::function<bool()> told_to_end = [] { return false; };
  };

  // Borrowed: all must outlive the runner.
  JobRunner(Options options, ServerLink* link, artifacts::BlobStore* blobs, Trainer* trainer,
            Clock* clock, const wire::Logger* logger);

  // Until told to end (OK; a job under way keeps a checkpoint and is given back first), or until
  // the server is gone for good (UNAVAILABLE).
  absl::Status Run();

  // One job, from its lease to its Finish.
  void RunJob(const v1::LeasedJob& lease);

 private:
  // How the attempt ended, as the server is told; ABORTED: it is told nothing.
  absl::StatusOr<v1::FinishRequest> Attempt(const v1::LeasedJob& lease, Heartbeats& heartbeats);
  void ReportEnd(const v1::LeasedJob& lease, v1::FinishRequest finish,
                 const std::function<bool()>& stop);

  const Options options_;
  ServerLink* const link_;
  artifacts::BlobStore* const blobs_;
  Trainer* const trainer_;
  Clock* const clock_;
  const wire::Logger* const logger_;
};

// What FAILED jobs tell of an error of training: code, message, field and what to do.
graft::v1::JobError JobErrorOf(const absl::Status& status);

}  // namespace graft::worker

#endif  // GRAFT_WORKER_JOB_RUNNER_H_
