#ifndef GRAFT_CORE_RECIPES_TASK_OPTIONS_H_
#define GRAFT_CORE_RECIPES_TASK_OPTIONS_H_

#include <any>
#include <utility>

namespace graft::recipes {

struct TaskOptionGroup;

// The options of the one task that a job learns. They are a struct of the task's own folder, which
// this one does not know: whatever has a static member function `Group()` that answers with the
// task's TaskOptionGroup (core/recipes/options_table.h). A value: copies are independent.
class TaskOptions {
 public:
  TaskOptions() = default;  // no task

  template <typename Options>
  requires requires { Options::Group(); }
  TaskOptions(Options options)  // NOLINT(google-explicit-constructor): a task's options are these
      : group_(&Options::Group()), values_(std::move(options)) {}

  // Of the task; nullptr: no task.
  const TaskOptionGroup* group() const { return group_; }

  // nullptr where the task is another one.
  template <typename Options>
  const Options* Find() const {
    return std::any_cast<Options>(&values_);
  }
  template <typename Options>
  Options* Find() {
    return std::any_cast<Options>(&values_);
  }

  // The task must be the one of these options; std::bad_any_cast otherwise.
  template <typename Options>
  const Options& As() const {
    return std::any_cast<const Options&>(values_);
  }
  template <typename Options>
  Options& As() {
    return std::any_cast<Options&>(values_);
  }

 private:
  const TaskOptionGroup* group_ = nullptr;
  std::any values_;
};

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_TASK_OPTIONS_H_
