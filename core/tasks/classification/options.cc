#include "core/tasks/classification/options.h"

namespace graft {
namespace {

constexpr char kPath[] = "task.classification";  // in FineTuneSpec

}  // namespace

absl::Span<const EnumWord<ClassWeighting>> WordsOf(ClassWeighting) {
  static constexpr EnumWord<ClassWeighting> kWords[] = {
      {ClassWeighting::kNone, "none", "Every image counts the same"},
      {ClassWeighting::kBalanced, "balanced",
       "Every class counts the same: images / (classes x images of the class)"},
  };
  return kWords;
}

const TaskOptionGroup& ClassificationOptions::Group() {
  static const TaskOptionGroup group = {
      .task = "classification",
      .group = {kPath,
                "Classification",
                {
#define GRAFT_OPTION(type, name, ...)                                                 \
  MakeOption<ClassificationOptions, type>(kPath, #name, &ClassificationOptions::name, \
                                          {__VA_ARGS__}),
#include "core/tasks/classification/options.def"
#undef GRAFT_OPTION
                }},
      .logistic = true,
      .make = [] { return TaskOptions(ClassificationOptions{}); },
  };
  return group;
}

}  // namespace graft
