#ifndef GRAFT_CORE_TASKS_CATALOG_H_
#define GRAFT_CORE_TASKS_CATALOG_H_

#include <memory>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/tasks/classification/task.h"
#include "core/tasks/multilabel/task.h"
#include "core/tasks/regression/task.h"

namespace graft {

struct DatasetManifest;

// The list of tasks: each by its settings.
using TaskSettings = std::variant<ClassificationSettings, MultilabelSettings, RegressionSettings>;

// Their names, in that order: "classification", "multilabel", "regression".
std::vector<absl::string_view> TaskNames();

// The task that learns what `dataset` holds, as `settings` say. INVALID_ARGUMENT: the dataset holds
// nothing that this task learns.
absl::StatusOr<std::unique_ptr<Task>> MakeTask(const TaskSettings& settings,
                                               const DatasetManifest& dataset);

}  // namespace graft

#endif  // GRAFT_CORE_TASKS_CATALOG_H_
