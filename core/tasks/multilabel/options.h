#ifndef GRAFT_CORE_TASKS_MULTILABEL_OPTIONS_H_
#define GRAFT_CORE_TASKS_MULTILABEL_OPTIONS_H_

#include <optional>

#include "core/recipes/options_table.h"
#include "core/tasks/class_weighting.h"

namespace graft::tasks {

// Any number of labels an image. No LibTorch.
struct MultilabelOptions {
#define GRAFT_OPTION(type, name, ...) std::optional<type> name = {};
#include "core/tasks/multilabel/options.def"
#undef GRAFT_OPTION

  static const recipes::TaskOptionGroup& Group();
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_MULTILABEL_OPTIONS_H_
