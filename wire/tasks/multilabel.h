#ifndef GRAFT_WIRE_TASKS_MULTILABEL_H_
#define GRAFT_WIRE_TASKS_MULTILABEL_H_

#include "wire/tasks/task_wire.h"

namespace graft::wire {

// Any number of labels an image.
const TaskWire& MultilabelWire();

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TASKS_MULTILABEL_H_
