#ifndef GRAFT_CLIENT_CLI_TASKS_REGRESSION_H_
#define GRAFT_CLIENT_CLI_TASKS_REGRESSION_H_

#include "client/cli/tasks/task_text.h"

namespace graft::cli {

// One or more numbers an image.
const TaskText& RegressionText();

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_TASKS_REGRESSION_H_
