#ifndef GRAFT_CORE_TRAINING_STATE_CHECKPOINT_H_
#define GRAFT_CORE_TRAINING_STATE_CHECKPOINT_H_

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/tasks/figures.h"
#include "core/training/loop/early_stopping.h"
#include "core/training/loop/overfitting_watch.h"
#include "core/training/loop/schedule.h"
#include "core/training/state/checkpoint_store.h"

namespace graft::training {

using TensorMap = std::map<std::string, at::Tensor>;

// The best epoch so far, over all phases.
struct BestEpoch {
  int epoch = 0;                                          // 1-based within the job; 0: none yet
  int phase = 0;                                          // its index
  double cost = std::numeric_limits<double>::infinity();  // Task::Cost; infinite: not validated
  tasks::Figures metrics;
  TensorMap tensors;  // of the head and of the stages that its phase trains
};

// All that decides how training goes on after an epoch. Random numbers need no state of their own:
// shuffling, augmentation and dropout of an epoch are seeded from (seed, phase, epoch), and the
// learning rate is a function of the step.
struct TrainerState {
  int phase = 0;           // index
  int epoch_in_phase = 0;  // epochs of it that are done
  int epochs_done = 0;     // of all phases
  EarlyStopping early_stopping;
  OverfittingWatch::State overfitting;
  PlateauWatch plateau;
  int microbatch = 0;  // images computed at a time, once memory ran out with more; 0: it never did
  double l2 = 0;       // of a head that L-BFGS has fitted
  std::vector<std::pair<std::string, double>> phase_seconds;
  TensorMap tensors;    // of the head and of the stages that this phase trains
  TensorMap optimizer;  // as PhaseOptimizer::State gives it
  TensorMap average;    // of `tensors`, where moving averages are taken; else empty
  BestEpoch best;
  // The best of the head's own phase, where what comes behind it is to be compared or mixed with
  // it.
  BestEpoch before_tuning;
};

// A safetensors file with the plain parts as JSON in its metadata. Where the best epoch is the one
// just done its tensors are those of now, and written once. `job_digest` names the job: a
// checkpoint of another configuration or of other data is not taken up.
absl::StatusOr<std::string> SerializeCheckpoint(const TrainerState& state,
                                                const std::string& job_digest);
// DATA_LOSS: torn; FAILED_PRECONDITION: of another job or another format.
absl::StatusOr<TrainerState> ParseCheckpoint(absl::string_view bytes,
                                             const std::string& job_digest);

// The newest checkpoint that is whole and of this job; empty when there is none. What was passed
// over, and why, is appended to `passed_over`.
absl::StatusOr<std::optional<TrainerState>> LoadNewestCheckpoint(
    CheckpointStore& store, const std::string& job_digest, std::vector<std::string>& passed_over);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_STATE_CHECKPOINT_H_
