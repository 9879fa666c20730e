#include "core/tasks/catalog.h"

#include "gtest/gtest.h"

#include "core/data/dataset_manifest.h"
#include "core/recipes/options_table.h"
#include "core/tasks/option_groups.h"

namespace graft {
namespace {

TEST(CatalogTest, EveryTaskThatHasOptionsCanBeTrainedOnItsOwnKindOfDatasetAlone) {
  DatasetManifest dataset;
  dataset.classes = {"ant", "bee"};
  dataset.numbers = {"age"};
  dataset.entries.emplace_back().numbers = {1};
  for (const TaskOptionGroup* const group : TaskOptionGroups()) {
    SCOPED_TRACE(group->task);
    int makes = 0;
    for (const TargetKind kind : {TargetKind::kClass, TargetKind::kLabels, TargetKind::kNumbers}) {
      dataset.targets = kind;
      const auto task = MakeTask(group->make(), dataset);
      if (!task.ok()) {
        EXPECT_EQ(task.status().code(), absl::StatusCode::kInvalidArgument);
        continue;
      }
      EXPECT_EQ((*task)->name(), group->task);
      ++makes;
    }
    EXPECT_EQ(makes, 1);
  }
}

TEST(CatalogTest, NoTaskIsRefused) {
  EXPECT_EQ(MakeTask({}, DatasetManifest()).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft
