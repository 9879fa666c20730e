#include "core/tasks/task.h"

#include <algorithm>
#include <limits>

#include <ATen/ATen.h>

namespace graft::tasks {

at::Tensor Task::TargetsOf(absl::Span<const int64_t> entries) const {
  const at::Tensor index = at::empty({static_cast<int64_t>(entries.size())}, at::kLong);
  std::copy(entries.begin(), entries.end(), index.data_ptr<int64_t>());
  return targets().index_select(0, index);
}

at::Tensor Task::Strata(const at::Tensor& targets) const {
  return at::zeros({targets.size(0)}, at::kLong);
}

double Task::Cost(const Figures& validation) const {
  return FindFigure(validation, kLossFigure).value_or(std::numeric_limits<double>::infinity());
}

}  // namespace graft::tasks
