#include "core/tasks/catalog.h"

#include "gtest/gtest.h"

#include "core/data/dataset_manifest.h"
#include "core/recipes/options_table.h"
#include "core/tasks/option_groups.h"

namespace graft::tasks {
namespace {

TEST(CatalogTest, EveryTaskThatHasOptionsCanBeTrainedOnItsOwnKindOfDatasetAlone) {
  data::DatasetManifest dataset;
  dataset.classes = {"ant", "bee"};
  dataset.numbers = {"age"};
  dataset.entries.emplace_back().numbers = {1};
  for (const recipes::TaskOptionGroup* const group : TaskOptionGroups()) {
    SCOPED_TRACE(group->task);
    int makes = 0;
    for (const data::TargetKind kind :
         {data::TargetKind::kClass, data::TargetKind::kLabels, data::TargetKind::kNumbers}) {
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
  EXPECT_EQ(MakeTask({}, data::DatasetManifest()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft::tasks
