#ifndef GRAFT_CORE_TASKS_DATASET_TARGETS_H_
#define GRAFT_CORE_TASKS_DATASET_TARGETS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "core/data/dataset_manifest.h"

namespace graft::tasks {

// INVALID_ARGUMENT where the dataset's images do not have what `task` learns; says which task they
// are for.
absl::Status CheckTargetKind(const data::DatasetManifest& dataset, data::TargetKind needed,
                             absl::string_view task);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_DATASET_TARGETS_H_
