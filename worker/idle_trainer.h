#ifndef GRAFT_WORKER_IDLE_TRAINER_H_
#define GRAFT_WORKER_IDLE_TRAINER_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "worker/trainer.h"

namespace graft::worker {

// Runs `work` to its end on a thread of its own that, with all the threads it starts, computes only
// while no other process wants the processor (SCHED_IDLE; sched(7)). Where the system has no such
// thing it runs as the caller does.
void RunAtIdlePriority(absl::FunctionRef<void()> work);

// Trains at idle priority. What keeps the job's lease alive runs on other threads, as they are: a
// server that is busy for minutes slows the job, and does not lose it.
class IdleTrainer final : public Trainer {
 public:
  // Borrowed.
  explicit IdleTrainer(Trainer* trainer) : trainer_(trainer) {}

  absl::StatusOr<training::FineTuneResult> Train(const Run& run) override;
  bool IsDrained(const absl::Status& status) const override { return trainer_->IsDrained(status); }

 private:
  Trainer* const trainer_;
};

}  // namespace graft::worker

#endif  // GRAFT_WORKER_IDLE_TRAINER_H_
