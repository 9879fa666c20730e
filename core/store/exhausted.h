#ifndef GRAFT_CORE_STORE_EXHAUSTED_H_
#define GRAFT_CORE_STORE_EXHAUSTED_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace graft {

// What ran out where the store answers RESOURCE_EXHAUSTED.
inline constexpr absl::string_view kQueueFull = "QUEUE_FULL";
inline constexpr absl::string_view kDiskFull = "DISK_FULL";
inline constexpr absl::string_view kOutOfMemory = "OUT_OF_MEMORY";

inline constexpr absl::string_view kExhaustedPayload = "graft/exhausted";

// RESOURCE_EXHAUSTED that carries one of the above.
inline absl::Status Exhausted(absl::string_view what, absl::string_view message) {
  absl::Status status = absl::ResourceExhaustedError(message);
  status.SetPayload(kExhaustedPayload, absl::Cord(what));
  return status;
}

// Which of the above; "" for a status that carries none.
inline std::string WhatIsExhausted(const absl::Status& status) {
  const auto payload = status.GetPayload(kExhaustedPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace graft

#endif  // GRAFT_CORE_STORE_EXHAUSTED_H_
