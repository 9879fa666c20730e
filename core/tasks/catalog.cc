#include "core/tasks/catalog.h"

#include <utility>

#include "core/data/dataset_manifest.h"

namespace graft {
namespace {

template <typename Made>
absl::StatusOr<std::unique_ptr<Task>> AsTask(absl::StatusOr<std::unique_ptr<Made>> made) {
  if (!made.ok()) return made.status();
  return std::unique_ptr<Task>(*std::move(made));
}

absl::StatusOr<std::unique_ptr<Task>> Make(const ClassificationSettings& settings,
                                           const DatasetManifest& dataset) {
  return AsTask(ClassificationTask::Create(dataset, settings));
}

absl::StatusOr<std::unique_ptr<Task>> Make(const MultilabelSettings& settings,
                                           const DatasetManifest& dataset) {
  return AsTask(MultilabelTask::Create(dataset, settings));
}

absl::StatusOr<std::unique_ptr<Task>> Make(const RegressionSettings& settings,
                                           const DatasetManifest& dataset) {
  return AsTask(RegressionTask::Create(dataset, settings));
}

}  // namespace

std::vector<absl::string_view> TaskNames() {
  return {"classification", "multilabel", "regression"};
}

absl::StatusOr<std::unique_ptr<Task>> MakeTask(const TaskSettings& settings,
                                               const DatasetManifest& dataset) {
  return std::visit([&](const auto& each) { return Make(each, dataset); }, settings);
}

}  // namespace graft
