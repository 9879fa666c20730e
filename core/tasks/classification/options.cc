#include "core/tasks/classification/options.h"

namespace graft::tasks {
namespace {

constexpr char kPath[] = "task.classification";  // in FineTuneSpec

}  // namespace

const recipes::TaskOptionGroup& ClassificationOptions::Group() {
  static const recipes::TaskOptionGroup group = {
      .task = "classification",
      .group = {kPath,
                "Classification",
                {
#define GRAFT_OPTION(type, name, ...)                                                          \
  recipes::MakeOption<ClassificationOptions, type>(kPath, #name, &ClassificationOptions::name, \
                                                   {__VA_ARGS__}),
#include "core/tasks/classification/options.def"
#undef GRAFT_OPTION
                }},
      .convex = true,
      .one_class = true,
      .make = [] { return recipes::TaskOptions(ClassificationOptions{}); },
  };
  return group;
}

}  // namespace graft::tasks
