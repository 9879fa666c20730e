#ifndef GRAFT_CORE_TRAINING_LOOP_OVERFITTING_WATCH_H_
#define GRAFT_CORE_TRAINING_LOOP_OVERFITTING_WATCH_H_

#include <vector>

#include "core/training/observer.h"

namespace graft::training {

// Watches the epochs of a run for OVERFITTING: the validation loss has stood above 1.1 times its
// best, and the training loss below where it was then, for three epochs on end. Says so once.
class OverfittingWatch {
 public:
  // All it remembers: what a checkpoint keeps.
  struct State {
    bool said = false;
    bool started = false;  // the next two are set
    double best_validation = 0;
    double train_at_best = 0;
    int epochs_worse = 0;
  };

  // Call after each epoch that has a validation loss; a warning the first time it holds.
  std::vector<tasks::TrainingWarning> Observe(const EpochMetrics& metrics);
  // Losses of another phase are another matter (another set of parameters, other rates).
  void StartPhase() { state_ = State{.said = state_.said}; }

  OverfittingWatch() = default;
  explicit OverfittingWatch(const State& state) : state_(state) {}
  const State& state() const { return state_; }

 private:
  State state_;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_OVERFITTING_WATCH_H_
