#ifndef GRAFT_WIRE_DATASET_H_
#define GRAFT_WIRE_DATASET_H_

#include "absl/status/statusor.h"
#include "graft/v1/dataset.pb.h"

#include "core/store/dataset.h"

namespace graft::wire {

// Datasets as the store keeps them <-> as the API says them. Dataset.manifest holds a
// graft.v1.Dataset with what can be large and core/ has no column for: summary, splits, skipped
// files, warnings. Pure functions.

// A row of `description` (digest, summary, images, bytes, ...) and the rest. INVALID_ARGUMENT: its
// summary is of no task that is known here.
absl::StatusOr<store::Dataset> ToRow(const v1::Dataset& description);

// Without what is in the manifest where that is empty, as in lists. DATA_LOSS: a stored manifest
// that cannot be read.
absl::StatusOr<v1::Dataset> ToProto(const store::Dataset& dataset);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_DATASET_H_
