#ifndef GRAFT_WIRE_STORED_SPEC_H_
#define GRAFT_WIRE_STORED_SPEC_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// A serialised v1::JobSpec, as the database keeps it (Job::spec), brought to the shape of today:
// what ClassificationTask had in its fields 1 to 3 (head, hidden_units, dropout) goes into
// FineTuneSpec.head, where that has not got it. Pure; bytes that have today's shape come back as
// they are, so that it may be called again. DATA_LOSS for bytes that are no JobSpec.
absl::StatusOr<std::string> UpgradeStoredSpec(absl::string_view bytes);

}  // namespace graft

#endif  // GRAFT_WIRE_STORED_SPEC_H_
