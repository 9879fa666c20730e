#include "core/tasks/catalog.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/data/dataset_manifest.h"

namespace graft {
namespace {

TEST(CatalogTest, MakesTheTaskOfTheSettingsUnderItsName) {
  DatasetManifest dataset;
  dataset.classes = {"ant", "bee"};
  dataset.numbers = {"age"};
  dataset.entries.emplace_back().numbers = {1};
  const TaskSettings settings[] = {ClassificationSettings{}, MultilabelSettings{},
                                   RegressionSettings{}};
  const TargetKind kinds[] = {TargetKind::kClass, TargetKind::kLabels, TargetKind::kNumbers};
  for (size_t i = 0; i < TaskNames().size(); ++i) {
    dataset.targets = kinds[i];
    const auto task = MakeTask(settings[i], dataset);
    ASSERT_TRUE(task.ok()) << task.status();
    EXPECT_EQ((*task)->name(), TaskNames()[i]);
    dataset.targets = kinds[(i + 1) % 3];
    EXPECT_EQ(MakeTask(settings[i], dataset).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace graft
