#ifndef GRAFT_WORKER_EVENT_REPORTER_H_
#define GRAFT_WORKER_EVENT_REPORTER_H_

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/training/observer.h"
#include "wire/logging.h"
#include "worker/event_queue.h"
#include "worker/server_link.h"

namespace graft::worker {

// Tells the server how a run goes: events in the order they happened, in batches, from a thread of
// its own, so that training never waits for the network. A batch is kept, and sent again as it was,
// until the server has acknowledged it; only one that the server calls malformed is given up, and
// logged. Meanwhile events wait; beyond kMaxWaitingBytes of them EventQueue says which go, and the
// job's log how many. Of progress only the newest is sent, and it becomes an event only now and
// then. Safe for concurrent use.
class EventReporter final : public training::TrainingObserver {
 public:
  static constexpr size_t kMaxWaitingBytes = size_t{16} << 20;

  // `on_lost`: the server will not take the job's events any more. Borrowed: all must outlive it.
  EventReporter(const v1::LeasedJob& job, ServerLink* link, Clock* clock,
                const wire::Logger* logger, std::function<void()> on_lost);
  ~EventReporter() override;  // drops what was not sent

  void OnPhaseStarted(const training::PhaseStarted& phase) override;
  void OnEpoch(const training::EpochMetrics& epoch) override;
  void OnCheckpoint(const training::CheckpointSaved& checkpoint) override;
  void OnWarning(const tasks::TrainingWarning& warning) override;
  void OnLog(const std::string& text) override;
  void OnProgress(const training::TrainingProgress& progress) override;
  void OnCounters(const training::TrainingCounters& counters) override;
  void OnStep(absl::Duration duration) override;

  // Sends all there is, trying a few times. The error is the server's, CANCELLED when `stop` said
  // so; what is then lost is logged.
  absl::Status Flush(const std::function<bool()>& stop);

 private:
  void Add(graft::v1::JobEvent event) ABSL_LOCKS_EXCLUDED(mutex_);
  void Loop();
  // What there is to send now, until Acknowledge the same; nullopt: nothing.
  std::optional<v1::ReportRequest> Next() ABSL_LOCKS_EXCLUDED(mutex_);
  void Acknowledge() ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t unsent() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether the server will take nothing more of this lease.
  bool IsOver(const absl::Status& sent) const;
  absl::Status SendAll(const std::function<bool()>& stop) ABSL_LOCKS_EXCLUDED(mutex_);

  const v1::LeasedJob job_;
  ServerLink* const link_;
  Clock* const clock_;
  const wire::Logger* const logger_;
  const std::function<void()> on_lost_;

  absl::Mutex sending_;  // one batch at a time: order
  mutable absl::Mutex mutex_;
  EventQueue waiting_ ABSL_GUARDED_BY(mutex_){kMaxWaitingBytes};
  std::optional<v1::ReportRequest> unacknowledged_ ABSL_GUARDED_BY(mutex_);
  std::optional<graft::v1::Progress> progress_ ABSL_GUARDED_BY(mutex_);  // not sent yet
  std::string told_stage_ ABSL_GUARDED_BY(mutex_);  // of the last progress event
  absl::Duration told_at_ ABSL_GUARDED_BY(mutex_);  // of it, monotonic
  uint64_t batches_ ABSL_GUARDED_BY(mutex_) = 0;
  v1::ReportRequest standing_ ABSL_GUARDED_BY(mutex_);  // best and last metrics
  training::TrainingCounters counters_ ABSL_GUARDED_BY(mutex_);
  training::TrainingCounters counted_ ABSL_GUARDED_BY(mutex_);  // already taken
  std::vector<double> step_seconds_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace graft::worker

#endif  // GRAFT_WORKER_EVENT_REPORTER_H_
