#include "core/tasks/class_weighting.h"

namespace graft::tasks {

absl::Span<const recipes::EnumWord<ClassWeighting>> WordsOf(ClassWeighting) {
  static constexpr recipes::EnumWord<ClassWeighting> kWords[] = {
      {ClassWeighting::kNone, "none", "Every image counts the same"},
      {ClassWeighting::kBalanced, "balanced",
       "What few images show weighs more. With one label an image every class counts the same: "
       "images / (classes x images of the class). With several, an image that has a label weighs "
       "images without it / images with it, at most 100"},
  };
  return kWords;
}

}  // namespace graft::tasks
