#ifndef GRAFT_CORE_TRAINING_OBSERVER_H_
#define GRAFT_CORE_TRAINING_OBSERVER_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

#include "core/tasks/figures.h"
#include "core/tasks/training_warning.h"

namespace graft::training {

// A phase begins: "features", "head", "fine-tune", "evaluate", "precision".
struct PhaseStarted {
  std::string phase;
  int epochs = 0;  // 0 where the phase is not counted in epochs
  int trainable_stages = 0;
  int64_t trainable_parameters = 0;
};

// What is known at the end of an epoch.
struct EpochMetrics {
  std::string phase;
  int epoch = 0;  // 1-based within the job
  // Of the batches as they were trained: the loss as it is optimised, then the task's own.
  tasks::Figures train;
  // Of the validation part, the plain loss first; empty where nothing is held out.
  tasks::Figures validation;
  double head_learning_rate = 0;      // at the end of the epoch; 0 with L-BFGS
  double backbone_learning_rate = 0;  // 0 where the backbone is frozen
  double images_per_second = 0;       // trained, without validation
  double seconds = 0;                 // with validation
  bool best = false;                  // the best so far

  // Name and value of everything above that is set: what events and metrics carry. Figures get
  // the name of their part in front: "train_loss", "validation_loss".
  tasks::Figures Named() const;
};

struct CheckpointSaved {
  int epoch = 0;
  bool best = false;
};

struct TrainingProgress {
  std::string stage;  // "features", "head", "fine-tune", "evaluate", "precision"
  int epochs_done = 0;
  int epochs_total = 0;
  int64_t steps_done = 0;  // of the current phase
  int64_t steps_total = 0;
  double fraction = 0;                            // of the whole run, 0 to 1
  absl::Duration eta = absl::InfiniteDuration();  // infinite while unknown
};

// Totals since the start of the run, for metrics.
struct TrainingCounters {
  int64_t training_images = 0;          // through a training step; L-BFGS: images x passes
  int64_t backbone_forward_images = 0;  // through any part of the backbone
  int64_t feature_cache_hits = 0;       // images whose features were there
  int64_t feature_cache_misses = 0;     // images whose features were computed
  int64_t feature_cache_bytes = 0;      // in the cache now
};

// Hears how a run goes. Every method is called on the thread that called RunFineTune, in the order
// things happen, and should return soon: training waits for it.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  virtual void OnPhaseStarted(const PhaseStarted&) {}
  virtual void OnEpoch(const EpochMetrics&) {}
  virtual void OnCheckpoint(const CheckpointSaved&) {}
  virtual void OnWarning(const tasks::TrainingWarning&) {}
  virtual void OnLog(const std::string&) {}
  // At most a few times a second.
  virtual void OnProgress(const TrainingProgress&) {}
  // After each step and each batch of features.
  virtual void OnCounters(const TrainingCounters&) {}
  // One optimizer step took this long.
  virtual void OnStep(absl::Duration) {}
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_OBSERVER_H_
