#ifndef GRAFT_CORE_TASKS_CATALOG_H_
#define GRAFT_CORE_TASKS_CATALOG_H_

#include <memory>

#include "absl/status/statusor.h"

#include "core/recipes/task_options.h"
#include "core/tasks/task.h"

namespace graft::data {
struct DatasetManifest;
}  // namespace graft::data

namespace graft::tasks {

// The list of the tasks that can be trained: the one that `options` are of, for what `dataset`
// holds. `options` are resolved. INVALID_ARGUMENT: the dataset holds nothing that this task learns,
// or there is no such task here.
absl::StatusOr<std::unique_ptr<Task>> MakeTask(const recipes::TaskOptions& options,
                                               const data::DatasetManifest& dataset);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CATALOG_H_
