#ifndef GRAFT_WORKER_HEARTBEATS_H_
#define GRAFT_WORKER_HEARTBEATS_H_

#include <atomic>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/training/fine_tune.h"
#include "worker/server_link.h"

namespace graft {

// Keeps one lease alive from a thread of its own, so that a long step does not look like death,
// and hears what is wanted of the job. Safe for concurrent use.
class Heartbeats {
 public:
  // Begins at once; ends with the object. Borrowed: `link` must outlive it.
  Heartbeats(const worker::v1::LeasedJob& job, ServerLink* link, Clock* clock);
  ~Heartbeats();

  RunSignal desired() const { return desired_.load(); }
  // The lease is over, or the server gone for good: nothing that is done for the job counts.
  bool lost() const { return lost_.load(); }
  void MarkLost() { lost_.store(true); }

 private:
  void Loop();

  const worker::v1::LeasedJob job_;
  ServerLink* const link_;
  Clock* const clock_;
  std::atomic<RunSignal> desired_{RunSignal::kRun};
  std::atomic<bool> lost_{false};
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace graft

#endif  // GRAFT_WORKER_HEARTBEATS_H_
