#include "core/tasks/multilabel/options.h"

namespace graft {
namespace {

constexpr char kPath[] = "task.multilabel";  // in FineTuneSpec

}  // namespace

const TaskOptionGroup& MultilabelOptions::Group() {
  static const TaskOptionGroup group = {
      .task = "multilabel",
      .group = {kPath,
                "Multi-label classification",
                {
#define GRAFT_OPTION(type, name, ...) \
  MakeOption<MultilabelOptions, type>(kPath, #name, &MultilabelOptions::name, {__VA_ARGS__}),
#include "core/tasks/multilabel/options.def"
#undef GRAFT_OPTION
                }},
      .convex = true,
      .make = [] { return TaskOptions(MultilabelOptions{}); },
  };
  return group;
}

}  // namespace graft
