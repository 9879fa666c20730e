#ifndef GRAFT_CORE_TRAINING_EARLY_STOPPING_H_
#define GRAFT_CORE_TRAINING_EARLY_STOPPING_H_

#include <limits>

namespace graft {

// Counts epochs without a better validation loss. Plain data: it is saved and restored as it is.
struct EarlyStopping {
  int patience = 0;  // 0: never stop
  double best_loss = std::numeric_limits<double>::infinity();
  int epochs_since_best = 0;

  // Takes the next epoch's loss in; whether it is the best so far. Equal is not better, and NaN
  // never is.
  bool Observe(double loss) {
    if (loss < best_loss) {
      best_loss = loss;
      epochs_since_best = 0;
      return true;
    }
    ++epochs_since_best;
    return false;
  }
  bool ShouldStop() const { return patience > 0 && epochs_since_best >= patience; }
};

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_EARLY_STOPPING_H_
