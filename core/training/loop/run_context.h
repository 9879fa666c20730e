#ifndef GRAFT_CORE_TRAINING_LOOP_RUN_CONTEXT_H_
#define GRAFT_CORE_TRAINING_LOOP_RUN_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/training/observer.h"

namespace graft::training {

// What a run is told to do, asked at every step. Not the job's DesiredState (core/jobs/job.h): a
// drain is the worker's or the server's wish, whatever the owner of the job wants.
enum class RunSignal {
  kRun,
  kCancel,  // end at the next step, keep nothing
  kDrain,   // end at the next step; the job goes on elsewhere from its last checkpoint
  kStop,    // train no further, and end with the best so far
};

// Whether `status` says that a run ended because it was asked to drain.
bool IsDrained(const absl::Status& status);

// Whether `status` says that training was asked to stop: not an end yet, there is a best to keep.
bool IsStopped(const absl::Status& status);

// What the parts of one run share: whom to tell, whom to ask, and how far it has come. Not safe
// for concurrent use.
class RunContext {
 public:
  // `observer` is borrowed; `desired` may be empty.
  RunContext(Clock* clock, TrainingObserver* observer, std::function<RunSignal()> desired);

  // OK, CANCELLED, or a status for which IsDrained or IsStopped holds.
  absl::Status Poll() const;
  // The same while a stop changes nothing: in what is soon over and worth nothing before its end.
  absl::Status PollButForStop() const;
  // Training has stopped: from here on Poll is as PollButForStop, so that the best can be judged.
  void HeedStop() { stop_heeded_ = true; }

  Clock& clock() const { return *clock_; }
  TrainingObserver& observer() const { return *observer_; }
  absl::Duration elapsed() const { return clock_->Monotonic() - start_; }

  TrainingCounters counters;
  // Tells the observer the counters as they are.
  void PublishCounters() const { observer_->OnCounters(counters); }

  // Work is counted in units of one image through the whole backbone.
  void SetTotalWork(double total) { total_work_ = work_before_ + total + work_after_; }
  // Work of what comes before all that SetTotalWork counts. To be called before that.
  void AddWorkBefore(double work) { work_before_ += work; }
  // Work of what comes after it, likewise.
  void AddWorkAfter(double work) { work_after_ += work; }
  void AddWork(double work) { done_work_ += work; }
  // Work of an earlier attempt: done, but not in this run's time.
  void AddEarlierWork(double work) {
    done_work_ += work;
    earlier_work_ += work;
  }
  // Whatever was left turned out not to be needed.
  void FinishWork() { done_work_ = total_work_; }
  double done_work() const { return done_work_; }
  // Tells the observer how far the run has come; at most five times a second unless `force`.
  void PublishProgress(TrainingProgress progress, bool force = false);

 private:
  Clock* const clock_;
  TrainingObserver* const observer_;
  const std::function<RunSignal()> desired_;
  const absl::Duration start_;
  absl::Duration last_published_ = -absl::InfiniteDuration();
  double total_work_ = 0;
  double work_before_ = 0;
  double work_after_ = 0;
  double done_work_ = 0;
  double earlier_work_ = 0;
  bool stop_heeded_ = false;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_RUN_CONTEXT_H_
