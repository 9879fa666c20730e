#ifndef GRAFT_WORKER_TRAINER_H_
#define GRAFT_WORKER_TRAINER_H_

#include <functional>

#include "absl/status/statusor.h"
#include "graft/worker/v1/worker.pb.h"

#include "core/training/fine_tune.h"

namespace graft::worker {

// Runs one fine-tuning job on the calling thread. The worker's own is worker/fine_tune_trainer.h;
// tests give one that trains nothing.
class Trainer {
 public:
  struct Run {
    const v1::LeasedJob* lease = nullptr;
    const recipes::ResolvedFineTune* job = nullptr;
    training::CheckpointStore* checkpoints = nullptr;
    training::TrainingObserver* observer = nullptr;
    std::function<training::RunSignal()> desired;
  };

  virtual ~Trainer() = default;

  // As RunFineTune; besides, errors of getting at the dataset and the backbone.
  virtual absl::StatusOr<training::FineTuneResult> Train(const Run& run) = 0;

  // Whether Train ended because desired() asked for a drain.
  virtual bool IsDrained(const absl::Status& status) const = 0;
};

}  // namespace graft::worker

#endif  // GRAFT_WORKER_TRAINER_H_
