#ifndef GRAFT_CORE_TRAINING_LOOP_SCHEDULE_H_
#define GRAFT_CORE_TRAINING_LOOP_SCHEDULE_H_

#include <cstdint>
#include <limits>

#include "core/recipes/fine_tune_config.h"

namespace graft::training {

// What a learning rate is multiplied by at each step of a phase: a pure function of the step, so a
// resumed run needs no more than its step count.
struct Schedule {
  recipes::ScheduleKind kind = recipes::ScheduleKind::kCosine;
  int64_t total_steps = 1;
  int64_t warmup_steps = 0;  // at most total_steps; none with kOneCycle
  // kStep: times `drop` after every `drop_steps`, warm-up included (PyTorch's StepLR).
  int64_t drop_steps = 1;
  double drop = 0.1;

  // Of step `step`, 0-based. Warm-up rises linearly, (step + 1) / warmup_steps, so the first step
  // already moves (Goyal et al. 2017). Then it stays at 1, drops, or falls along half a cosine,
  // (1 + cos(pi t)) / 2 with t from 0 to 1 over the remaining steps (Loshchilov & Hutter 2017).
  // kOneCycle is PyTorch's OneCycleLR as it comes (three tenths of the steps up from 1 / 25, then
  // down to 1 / 250,000), without its changes of the momentum. kPlateau is 1 here: PlateauWatch has
  // the rest. Steps past the end take the last value.
  double Factor(int64_t step) const;
};

// PyTorch's ReduceLROnPlateau, mode "min": lowers the rates where validation has stopped to cost
// less. Plain data: it is saved and restored as it is.
struct PlateauWatch {
  double factor = 1;  // what the rates are multiplied by from here on
  double best_cost = std::numeric_limits<double>::infinity();
  int epochs_since_best = 0;

  // Takes in what the next epoch costs. Better is less by more than a 10,000th; after more than
  // `patience` epochs that are not better the factor is multiplied by `drop`. NaN is not better.
  void Observe(double cost, int patience, double drop);
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_SCHEDULE_H_
