#include "core/tasks/classification/options.h"

namespace graft {
namespace {

constexpr char kPath[] = "task.classification";  // in FineTuneSpec

}  // namespace

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
      .convex = true,
      .make = [] { return TaskOptions(ClassificationOptions{}); },
  };
  return group;
}

}  // namespace graft
