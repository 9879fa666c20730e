#ifndef GRAFT_WIRE_TASKS_CLASSIFICATION_H_
#define GRAFT_WIRE_TASKS_CLASSIFICATION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "graft/v1/task.pb.h"

#include "wire/tasks/task_wire.h"

namespace graft {

// Most cells of a confusion matrix that go over the wire: all of up to 128 classes.
inline constexpr size_t kMaxConfusionCells = 128 * 128;

// One label an image.
const TaskWire& ClassificationWire();

// As ConfusionMatrix of task.proto says. `cells`: those that are not 0, each once, by true class,
// then by predicted class; `dense`: row-major [classes, classes], rows being the true class.
v1::ConfusionMatrix CappedConfusion(std::vector<v1::ConfusionCell> cells);
v1::ConfusionMatrix CappedConfusion(absl::Span<const int64_t> dense, size_t classes);

}  // namespace graft

#endif  // GRAFT_WIRE_TASKS_CLASSIFICATION_H_
