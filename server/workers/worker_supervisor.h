#ifndef GRAFT_SERVER_WORKERS_WORKER_SUPERVISOR_H_
#define GRAFT_SERVER_WORKERS_WORKER_SUPERVISOR_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/jobs/retry_policy.h"
#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"
#include "server/workers/process_launcher.h"

namespace graft::server {

// Keeps N graft-worker processes alive beside the server.
//
// A worker that dies is noticed at once: the job it held goes back to the store as a crash, and the
// worker is started again, after a pause that grows while it keeps dying. A cancelled job whose
// worker does not end it within `cancel_grace` gets the worker SIGTERM, and SIGKILL `kill_grace`
// after that: a step of training can be longer than a user waits.
//
// One thread of its own starts the processes and lives as long as they do, so workers may ask to
// die with their parent. Safe for concurrent use.
class WorkerSupervisor {
 public:
  struct Options {
    int workers = 1;
    // The program and its arguments; "--worker-id=<id>" is added, an id no worker had before.
    std::vector<std::string> command;
    absl::Duration cancel_grace = absl::Seconds(4);
    absl::Duration kill_grace = absl::Seconds(4);
    jobs::BackOff back_off;
    // A worker that lived this long has not failed "again" when it dies.
    absl::Duration stable_after = absl::Seconds(30);
    // Told with a job that a worker died with, as the store left it.
    std::function<void(const jobs::Job&)> on_released;
  };

  // Borrowed: all must outlive the supervisor. `metrics` may be null.
  WorkerSupervisor(Options options, store::MetadataStore* store, ProcessLauncher* launcher,
                   Clock* clock, telemetry::Metrics* metrics, const wire::Logger* logger);
  ~WorkerSupervisor();  // as Stop()

  // Starts the workers and the thread that minds them. Once.
  void Start();

  // From the store's observer: notes cancelled jobs.
  void OnJobChange(const store::JobChange& change);

  // Kills a worker that holds nothing any more but may still compute (its lease was lost).
  // Nothing happens when it is not one of ours.
  void Kill(absl::string_view worker_id, absl::string_view why);

  // Kills what Drain left and ends the thread; what the workers held is queued again. Nothing
  // happens the second time. OnJobChange may still be called.
  void Stop();

  // Ends all workers: SIGTERM, so that they checkpoint and give their jobs back; after `timeout`
  // SIGKILL, and what they held is queued again without counting as a crash. Returns once all have
  // ended; none is started again. Call Start before.
  void Drain(absl::Duration timeout);

  // One turn of the loop, for tests that hold the clock. Not together with Start.
  void Tick();

 private:
  struct Worker {
    int generation = 0;
    std::string id;                   // empty: not running
    int pid = 0;                      // 0: not running, or not known yet
    absl::Duration started;           // monotonic
    int failures = 0;                 // deaths in a row
    absl::Duration start_at;          // monotonic; when not running
    bool killed_by_us = false;        // its death is no failure of its own
    bool cancels = false;             // it was told to end so that its cancelled job ends
    std::optional<ProcessExit> exit;  // set by the launcher, taken by Tick
  };
  // A job that should be over.
  struct Cancelled {
    uint64_t fence = 0;
    absl::Duration since;
    bool terminated = false;
    bool killed = false;
  };
  // A dead worker whose job the store has not taken back yet.
  struct OrphanedWorker {
    std::string cause;
    store::ReleaseReason reason = store::ReleaseReason::kWorkerDied;
  };

  void Loop();
  void CollectExits(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartMissing(absl::Duration now) ABSL_LOCKS_EXCLUDED(mutex_);
  void ReleaseJobsOfDeadWorkers() ABSL_LOCKS_EXCLUDED(mutex_);
  void EscalateCancels(absl::Duration now) ABSL_LOCKS_EXCLUDED(mutex_);
  void ShowStates() ABSL_LOCKS_EXCLUDED(mutex_);
  int SignalAll(int signal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Worker* Find(absl::string_view worker_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NoneRunning() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool AnyExited() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const Options options_;
  store::MetadataStore* const store_;
  ProcessLauncher* const launcher_;
  Clock* const clock_;
  telemetry::Metrics* const metrics_;
  const wire::Logger* const logger_;

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Cancelled> cancelled_ ABSL_GUARDED_BY(mutex_);      // by job id
  std::map<std::string, OrphanedWorker> orphaned_ ABSL_GUARDED_BY(mutex_);  // by worker id
  // The store did not take a job back: the next start of the server will.
  bool release_failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Duration> kill_at_ ABSL_GUARDED_BY(mutex_);  // while draining

  std::thread thread_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_WORKERS_WORKER_SUPERVISOR_H_
