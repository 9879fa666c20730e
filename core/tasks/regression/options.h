#ifndef GRAFT_CORE_TASKS_REGRESSION_OPTIONS_H_
#define GRAFT_CORE_TASKS_REGRESSION_OPTIONS_H_

#include <optional>

#include "absl/types/span.h"

#include "core/recipes/enum_words.h"
#include "core/recipes/options_table.h"

namespace graft::tasks {

enum class RegressionLossKind {
  kHuber,    // Huber 1964
  kSquared,  // half the squared error
};

// Where the loss HUBER turns linear unless told otherwise, in deviations of the training part.
inline constexpr double kDefaultHuberDelta = 1;

absl::Span<const recipes::EnumWord<RegressionLossKind>> WordsOf(RegressionLossKind);

// One or more numbers an image. No LibTorch.
struct RegressionOptions {
#define GRAFT_OPTION(type, name, ...) std::optional<type> name = {};
#include "core/tasks/regression/options.def"
#undef GRAFT_OPTION

  static const recipes::TaskOptionGroup& Group();
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_REGRESSION_OPTIONS_H_
