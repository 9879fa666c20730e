#ifndef GRAFT_CLIENT_CLI_TASKS_CLASSIFICATION_H_
#define GRAFT_CLIENT_CLI_TASKS_CLASSIFICATION_H_

#include "client/cli/tasks/task_text.h"

namespace graft::cli {

// One label an image. A report is accuracy, F1, calibration, scores by class, and the confusion
// matrix where that fits a terminal (20 classes), else the pairs that are confused most.
const TaskText& ClassificationText();

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_TASKS_CLASSIFICATION_H_
