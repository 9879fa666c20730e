#ifndef GRAFT_WORKER_TRAINER_H_
#define GRAFT_WORKER_TRAINER_H_

#include <functional>

#include "absl/status/statusor.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/training/fine_tune.h"

namespace graft {

// Runs one fine-tuning job on the calling thread. The worker's own is worker/fine_tune_trainer.h;
// tests give one that trains nothing.
class Trainer {
 public:
  struct Run {
    const worker::v1::LeasedJob* lease = nullptr;
    const ResolvedFineTune* job = nullptr;
    CheckpointStore* checkpoints = nullptr;
    TrainingObserver* observer = nullptr;
    std::function<RunSignal()> desired;
  };

  virtual ~Trainer() = default;

  // As RunFineTune; besides, errors of getting at the dataset and the backbone.
  virtual absl::StatusOr<FineTuneResult> Train(const Run& run) = 0;

  // Whether Train ended because desired() asked for a drain.
  virtual bool IsDrained(const absl::Status& status) const = 0;
};

}  // namespace graft

#endif  // GRAFT_WORKER_TRAINER_H_
