#ifndef GRAFT_CORE_TRAINING_WARNINGS_H_
#define GRAFT_CORE_TRAINING_WARNINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/training/observer.h"

namespace graft {

// What is known about the data before training.
struct DataSummary {
  std::vector<std::string> class_names;
  std::vector<int64_t> train_images;  // by class
  int64_t validation_images = 0;
  int64_t duplicates_across_parts = 0;  // held-out images that are byte for byte in training too
  std::string duplicate_example;        // a name of one, or empty
  std::vector<std::string> classes_without_validation;  // empty where nothing is held out
};

// CLASS_IMBALANCE: the largest class has ten times the images of the smallest or more.
// TOO_FEW_IMAGES: a class has fewer than 10 to train on (none: EMPTY_CLASS instead).
// NO_VALIDATION: nothing is held out. CLASS_WITHOUT_VALIDATION: of some classes nothing is.
// DUPLICATES_ACROSS_SPLIT: see DataSummary.
// `balanced`: whether class weights are on already.
std::vector<TrainingWarning> DataWarnings(const DataSummary& data, bool balanced);

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
  std::vector<TrainingWarning> Observe(const EpochMetrics& metrics);
  // Losses of another phase are another matter (another set of parameters, other rates).
  void StartPhase() { state_ = State{.said = state_.said}; }

  OverfittingWatch() = default;
  explicit OverfittingWatch(const State& state) : state_(state) {}
  const State& state() const { return state_; }

 private:
  State state_;
};

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_WARNINGS_H_
