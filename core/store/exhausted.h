#ifndef GRAFT_CORE_STORE_EXHAUSTED_H_
#define GRAFT_CORE_STORE_EXHAUSTED_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "core/base/status_details.h"

namespace graft::store {

// How the store says what ran out: RESOURCE_EXHAUSTED with reason kQueueFull, kDiskFull or
// kOutOfMemory (core/base/error_reasons.h).
inline absl::Status Exhausted(absl::string_view reason, absl::string_view message) {
  return WithReason(absl::ResourceExhaustedError(message), reason);
}

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_EXHAUSTED_H_
