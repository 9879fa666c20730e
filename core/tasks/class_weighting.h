#ifndef GRAFT_CORE_TASKS_CLASS_WEIGHTING_H_
#define GRAFT_CORE_TASKS_CLASS_WEIGHTING_H_

#include "absl/types/span.h"

#include "core/recipes/enum_words.h"

namespace graft::tasks {

// Whether what few images show weighs more in the loss. What each task makes of it is said where
// its loss is. No LibTorch.
enum class ClassWeighting { kNone, kBalanced };

absl::Span<const recipes::EnumWord<ClassWeighting>> WordsOf(ClassWeighting);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASS_WEIGHTING_H_
