#include "core/tasks/option_groups.h"

#include "core/tasks/classification/options.h"
#include "core/tasks/multilabel/options.h"
#include "core/tasks/regression/options.h"

namespace graft {

absl::Span<const TaskOptionGroup* const> TaskOptionGroups() {
  static const TaskOptionGroup* const kGroups[] = {
      &ClassificationOptions::Group(),
      &MultilabelOptions::Group(),
      &RegressionOptions::Group(),
  };
  return kGroups;
}

const TaskOptionGroup* FindTaskOptionGroup(absl::string_view task) {
  for (const TaskOptionGroup* const each : TaskOptionGroups()) {
    if (each->task == task) return each;
  }
  return nullptr;
}

}  // namespace graft
