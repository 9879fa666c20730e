#ifndef GRAFT_CORE_TRAINING_LOOP_SCHEDULE_H_
#define GRAFT_CORE_TRAINING_LOOP_SCHEDULE_H_

#include <cstdint>

#include "core/recipes/fine_tune_config.h"

namespace graft::training {

// What a learning rate is multiplied by at each step of a phase: a pure function of the step, so a
// resumed run needs no more than its step count.
struct Schedule {
  recipes::ScheduleKind kind = recipes::ScheduleKind::kCosine;
  int64_t total_steps = 1;
  int64_t warmup_steps = 0;  // at most total_steps

  // Of step `step`, 0-based. Warm-up rises linearly, (step + 1) / warmup_steps, so the first step
  // already moves (Goyal et al. 2017). Then it stays at 1, or falls along half a cosine,
  // (1 + cos(pi t)) / 2 with t from 0 to 1 over the remaining steps (Loshchilov & Hutter 2017).
  // Steps past the end take the last value.
  double Factor(int64_t step) const;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_SCHEDULE_H_
