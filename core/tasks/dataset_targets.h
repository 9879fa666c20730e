#ifndef GRAFT_CORE_TASKS_DATASET_TARGETS_H_
#define GRAFT_CORE_TASKS_DATASET_TARGETS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "core/data/dataset_manifest.h"

namespace graft {

// INVALID_ARGUMENT where the dataset's images do not have what `task` learns; says which task they
// are for.
absl::Status CheckTargetKind(const DatasetManifest& dataset, TargetKind needed,
                             absl::string_view task);

}  // namespace graft

#endif  // GRAFT_CORE_TASKS_DATASET_TARGETS_H_
