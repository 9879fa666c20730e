#ifndef GRAFT_WORKER_HEARTBEATS_H_
#define GRAFT_WORKER_HEARTBEATS_H_

#include <atomic>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/training/fine_tune.h"
#include "worker/server_link.h"

namespace graft::worker {

// What training does about the answer to a heartbeat. A paused job keeps a checkpoint and gives its
// lease back; the server knows that it is wanted paused. A stop ends with the best so far, unless
// the server drains: judging the best may take longer than it has, and the next attempt, from the
// checkpoint, is told to stop at once.
training::RunSignal SignalFor(const v1::HeartbeatResponse& response);

// Keeps one lease alive from a thread of its own, so that a long step does not look like death,
// and hears what is wanted of the job. Safe for concurrent use.
class Heartbeats {
 public:
  // Begins at once; ends with the object. Borrowed: `link` must outlive it.
  Heartbeats(const v1::LeasedJob& job, ServerLink* link, Clock* clock);
  ~Heartbeats();

  training::RunSignal desired() const { return desired_.load(); }
  // The lease is over, or the server gone for good: nothing that is done for the job counts.
  bool lost() const { return lost_.load(); }
  void MarkLost() { lost_.store(true); }

 private:
  void Loop();

  const v1::LeasedJob job_;
  ServerLink* const link_;
  Clock* const clock_;
  std::atomic<training::RunSignal> desired_{training::RunSignal::kRun};
  std::atomic<bool> lost_{false};
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace graft::worker

#endif  // GRAFT_WORKER_HEARTBEATS_H_
