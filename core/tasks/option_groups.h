#ifndef GRAFT_CORE_TASKS_OPTION_GROUPS_H_
#define GRAFT_CORE_TASKS_OPTION_GROUPS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/recipes/options_table.h"

namespace graft::tasks {

// The options of every task. No LibTorch: for those who validate, convert and document.
absl::Span<const recipes::TaskOptionGroup* const> TaskOptionGroups();

// By the task's name, "classification"; nullptr where there is none.
const recipes::TaskOptionGroup* FindTaskOptionGroup(absl::string_view task);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_OPTION_GROUPS_H_
