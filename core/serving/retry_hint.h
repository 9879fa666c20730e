#ifndef GRAFT_CORE_SERVING_RETRY_HINT_H_
#define GRAFT_CORE_SERVING_RETRY_HINT_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace graft {

// How long a caller that met RESOURCE_EXHAUSTED or UNAVAILABLE should wait before it tries again.
// Carried as a payload of the status, so that it survives Annotate; the wire makes a RetryInfo
// of it. Pure functions.
absl::Status WithRetryHint(absl::Status status, absl::Duration delay);

// nullopt where the status carries no hint.
absl::optional<absl::Duration> RetryHint(const absl::Status& status);

}  // namespace graft

#endif  // GRAFT_CORE_SERVING_RETRY_HINT_H_
