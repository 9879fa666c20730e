#ifndef GRAFT_CORE_BASE_REFUSALS_H_
#define GRAFT_CORE_BASE_REFUSALS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace graft {

// What several layers answer in the same words. Pure and safe for concurrent use.

// NOT_FOUND, with reason JOB_NOT_FOUND and DATASET_NOT_FOUND.
absl::Status JobNotFound(absl::string_view id);
absl::Status DatasetNotFound(absl::string_view id);

// UNAVAILABLE, reason DRAINING, retry in a few seconds: what a stopping server answers.
absl::Status Draining();

}  // namespace graft

#endif  // GRAFT_CORE_BASE_REFUSALS_H_
