#include "core/tasks/option_groups.h"

#include "core/tasks/classification/options.h"
#include "core/tasks/multilabel/options.h"
#include "core/tasks/regression/options.h"

namespace graft::tasks {

absl::Span<const recipes::TaskOptionGroup* const> TaskOptionGroups() {
  static const recipes::TaskOptionGroup* const kGroups[] = {
      &ClassificationOptions::Group(),
      &MultilabelOptions::Group(),
      &RegressionOptions::Group(),
  };
  return kGroups;
}

const recipes::TaskOptionGroup* FindTaskOptionGroup(absl::string_view task) {
  for (const recipes::TaskOptionGroup* const each : TaskOptionGroups()) {
    if (each->task == task) return each;
  }
  return nullptr;
}

}  // namespace graft::tasks
