#include "worker/idle_trainer.h"

#include <sched.h>
#include <thread>

#include "absl/status/status.h"

namespace graft::worker {

void RunAtIdlePriority(absl::FunctionRef<void()> work) {
  std::thread thread([work] {
    const sched_param none = {};
    sched_setscheduler(0, SCHED_IDLE, &none);  // of this thread; new ones inherit it
    work();
  });
  thread.join();
}

absl::StatusOr<training::FineTuneResult> IdleTrainer::Train(const Run& run) {
  absl::StatusOr<training::FineTuneResult> result = absl::InternalError("training did not begin");
  RunAtIdlePriority([&] { result = trainer_->Train(run); });
  return result;
}

}  // namespace graft::worker
