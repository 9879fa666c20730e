#ifndef GRAFT_CORE_TRAINING_LOOP_EARLY_STOPPING_H_
#define GRAFT_CORE_TRAINING_LOOP_EARLY_STOPPING_H_

#include <limits>

namespace graft::training {

// Counts epochs that validation does not find better. Plain data: it is saved and restored as it
// is.
struct EarlyStopping {
  int patience = 0;  // 0: never stop
  double best_cost = std::numeric_limits<double>::infinity();
  int epochs_since_best = 0;

  // Takes in what the next epoch costs (Task::Cost); whether it is the best so far. Equal is not
  // better, and NaN never is.
  bool Observe(double cost) {
    if (cost < best_cost) {
      best_cost = cost;
      epochs_since_best = 0;
      return true;
    }
    ++epochs_since_best;
    return false;
  }
  bool ShouldStop() const { return patience > 0 && epochs_since_best >= patience; }
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_EARLY_STOPPING_H_
