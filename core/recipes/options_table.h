#ifndef GRAFT_CORE_RECIPES_OPTIONS_TABLE_H_
#define GRAFT_CORE_RECIPES_OPTIONS_TABLE_H_

#include <string>
#include <vector>

#include "absl/types/span.h"

#include "core/recipes/option.h"

namespace graft::recipes {

// The options of one message, in the order in which they are checked, resolved and shown.
struct OptionGroup {
  std::string path;   // of the message in FineTuneSpec: "training"; "" for the spec itself
  std::string title;  // of help and documentation: "Training"
  std::vector<Option> options;
};

// The options of a task, with what else decides defaults.
struct TaskOptionGroup {
  std::string task;   // "classification"
  OptionGroup group;  // its path leads through the oneof: "task.classification"
  // Whether a linear head on fixed features has one optimum, which L-BFGS finds.
  bool convex = false;
  // Whether each example has one class, which CLASS_MEANS needs.
  bool one_class = false;
  TaskOptions (*make)() = nullptr;  // all options absent
};

// Strategy, head, training, data: what every task has. Constant, made at the first call; safe for
// concurrent use.
absl::Span<const OptionGroup> CommonOptions();

// Calls `visit(const Option&)` for every row that a configuration of this task has (nullptr: of
// none), common groups first.
template <typename Visit>
void ForEachOption(const TaskOptionGroup* task, const Visit& visit) {
  for (const OptionGroup& group : CommonOptions()) {
    for (const Option& option : group.options) visit(option);
  }
  if (task == nullptr) return;
  for (const Option& option : task->group.options) visit(option);
}

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_OPTIONS_TABLE_H_
