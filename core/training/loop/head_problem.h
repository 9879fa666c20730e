#ifndef GRAFT_CORE_TRAINING_LOOP_HEAD_PROBLEM_H_
#define GRAFT_CORE_TRAINING_LOOP_HEAD_PROBLEM_H_

#include "core/tasks/task.h"
#include "core/training/convex/linear_head.h"
#include "core/training/data/activations.h"
#include "core/training/data/training_data.h"

namespace graft::training {

// A linear head on what enters `stage` of the network, as it is kept in `activations`: of the
// training images plain and in their first `views` views, which must be kept, and of the validation
// images plain. On the host. l2, search and max_iterations are the caller's. `task` is borrowed,
// and must have a convex loss.
LinearHeadProblem HeadProblemOf(const tasks::Task& task, const TrainingData& data,
                                const Activations& activations, int stage, int views);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_LOOP_HEAD_PROBLEM_H_
