#ifndef GRAFT_WIRE_TASKS_CLASSIFICATION_H_
#define GRAFT_WIRE_TASKS_CLASSIFICATION_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "graft/v1/task.pb.h"

#include "wire/tasks/task_wire.h"

namespace graft::wire {

// One label an image.
const TaskWire& ClassificationWire();

// As ConfusionMatrix of task.proto says. `dense`: row-major [classes, classes], rows being the true
// class.
v1::ConfusionMatrix CappedConfusion(absl::Span<const int64_t> dense, size_t classes);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TASKS_CLASSIFICATION_H_
