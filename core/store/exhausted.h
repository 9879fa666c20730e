#ifndef GRAFT_CORE_STORE_EXHAUSTED_H_
#define GRAFT_CORE_STORE_EXHAUSTED_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "core/base/status_details.h"

namespace graft {

// What ran out where the store answers RESOURCE_EXHAUSTED: the status's ErrorReason.
inline constexpr absl::string_view kQueueFull = "QUEUE_FULL";
inline constexpr absl::string_view kDiskFull = "DISK_FULL";
inline constexpr absl::string_view kOutOfMemory = "OUT_OF_MEMORY";

inline absl::Status Exhausted(absl::string_view what, absl::string_view message) {
  return WithReason(absl::ResourceExhaustedError(message), what);
}

}  // namespace graft

#endif  // GRAFT_CORE_STORE_EXHAUSTED_H_
