#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_OPTIONS_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_OPTIONS_H_

#include <optional>

#include "absl/types/span.h"

#include "core/recipes/enum_words.h"
#include "core/recipes/options_table.h"

namespace graft {

enum class ClassWeighting {
  kNone,
  kBalanced,  // images / (classes * images of the class), over the training part
};

absl::Span<const EnumWord<ClassWeighting>> WordsOf(ClassWeighting);

// One label an image. No LibTorch.
struct ClassificationOptions {
#define GRAFT_OPTION(type, name, ...) std::optional<type> name = {};
#include "core/tasks/classification/options.def"
#undef GRAFT_OPTION

  static const TaskOptionGroup& Group();
};

}  // namespace graft

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_OPTIONS_H_
