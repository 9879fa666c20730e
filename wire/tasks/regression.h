#ifndef GRAFT_WIRE_TASKS_REGRESSION_H_
#define GRAFT_WIRE_TASKS_REGRESSION_H_

#include "wire/tasks/task_wire.h"

namespace graft::wire {

// One or more numbers an image.
const TaskWire& RegressionWire();

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TASKS_REGRESSION_H_
