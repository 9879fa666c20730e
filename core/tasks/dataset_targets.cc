#include "core/tasks/dataset_targets.h"

#include "absl/strings/str_cat.h"

namespace graft::tasks {
namespace {

struct Kind {
  const char* has;
  const char* task;
};

Kind Describe(data::TargetKind kind) {
  switch (kind) {
    case data::TargetKind::kClass:
      return {"one class an image", "classification"};
    case data::TargetKind::kLabels:
      return {"any number of labels an image", "multilabel"};
    case data::TargetKind::kNumbers:
      return {"numbers for each image", "regression"};
  }
  return {"", ""};
}

}  // namespace

absl::Status CheckTargetKind(const data::DatasetManifest& dataset, data::TargetKind needed,
                             absl::string_view task) {
  if (dataset.targets == needed) return absl::OkStatus();
  const Kind has = Describe(dataset.targets);
  return absl::InvalidArgumentError(
      absl::StrCat("task ", task, " learns ", Describe(needed).has, ", and the dataset has ",
                   has.has, ": use task ", has.task, ", or upload a manifest of the other kind"));
}

}  // namespace graft::tasks
