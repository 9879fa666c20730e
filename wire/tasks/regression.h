#ifndef GRAFT_WIRE_TASKS_REGRESSION_H_
#define GRAFT_WIRE_TASKS_REGRESSION_H_

#include "wire/tasks/task_wire.h"

namespace graft {

// One or more numbers an image.
const TaskWire& RegressionWire();

}  // namespace graft

#endif  // GRAFT_WIRE_TASKS_REGRESSION_H_
