#ifndef GRAFT_CORE_TASKS_TASK_REPORT_H_
#define GRAFT_CORE_TASKS_TASK_REPORT_H_

#include <cstdint>
#include <string>

#include "core/tasks/figures.h"

namespace graft::tasks {

// How a trained model did on one part of the dataset.
struct TaskReport {
  int64_t examples = 0;
  Figures figures;  // the headline ones, with the loss first
  // An object whose fields are those of the task's report message in proto/graft/v1/task.proto.
  std::string json;
  // The same for a model card: without what grows faster than the outputs.
  std::string card_json;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_TASK_REPORT_H_
