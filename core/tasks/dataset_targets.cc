#include "core/tasks/dataset_targets.h"

#include "absl/strings/str_cat.h"

namespace graft {
namespace {

struct Kind {
  const char* has;
  const char* task;
};

Kind Describe(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass:
      return {"one class an image", "classification"};
    case TargetKind::kLabels:
      return {"any number of labels an image", "multilabel"};
    case TargetKind::kNumbers:
      return {"numbers for each image", "regression"};
  }
  return {"", ""};
}

}  // namespace

absl::Status CheckTargetKind(const DatasetManifest& dataset, TargetKind needed,
                             absl::string_view task) {
  if (dataset.targets == needed) return absl::OkStatus();
  const Kind has = Describe(dataset.targets);
  return absl::InvalidArgumentError(
      absl::StrCat("task ", task, " learns ", Describe(needed).has, ", and the dataset has ",
                   has.has, ": use task ", has.task, ", or upload a manifest of the other kind"));
}

}  // namespace graft
