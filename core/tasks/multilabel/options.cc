#include "core/tasks/multilabel/options.h"

namespace graft::tasks {
namespace {

constexpr char kPath[] = "task.multilabel";  // in FineTuneSpec

}  // namespace

const recipes::TaskOptionGroup& MultilabelOptions::Group() {
  static const recipes::TaskOptionGroup group = {
      .task = "multilabel",
      .group = {kPath,
                "Multi-label classification",
                {
#define GRAFT_OPTION(type, name, ...)                                                  \
  recipes::MakeOption<MultilabelOptions, type>(kPath, #name, &MultilabelOptions::name, \
                                               {__VA_ARGS__}),
#include "core/tasks/multilabel/options.def"
#undef GRAFT_OPTION
                }},
      .convex = true,
      .make = [] { return recipes::TaskOptions(MultilabelOptions{}); },
  };
  return group;
}

}  // namespace graft::tasks
