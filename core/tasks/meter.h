#ifndef GRAFT_CORE_TASKS_METER_H_
#define GRAFT_CORE_TASKS_METER_H_

#include <string>

#include "ATen/core/Tensor.h"

#include "core/tasks/figures.h"
#include "core/tasks/task_report.h"

namespace graft::tasks {

// Adds up how well outputs meet their targets, batch by batch, so that no part of a dataset has to
// be in memory as outputs. Not safe for concurrent use.
class Meter {
 public:
  virtual ~Meter() = default;

  // outputs: [rows, Task::outputs()] float32 on the host, as the head gave them and finite;
  // targets: as many rows of Task::targets(), on the host too.
  virtual void Add(const at::Tensor& outputs, const at::Tensor& targets) = 0;

  // Of all that was added so far.
  virtual Figures Read() const = 0;
};

// A meter that can say more than figures.
class Evaluation : public Meter {
 public:
  // `split`: "validation" or "test", only written into the report.
  virtual TaskReport Report(const std::string& split) const = 0;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_METER_H_
