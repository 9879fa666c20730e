#ifndef GRAFT_CLIENT_CLI_TASKS_MULTILABEL_H_
#define GRAFT_CLIENT_CLI_TASKS_MULTILABEL_H_

#include "client/cli/tasks/task_text.h"

namespace graft::cli {

// Any number of labels an image.
const TaskText& MultilabelText();

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_TASKS_MULTILABEL_H_
