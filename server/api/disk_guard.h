#ifndef GRAFT_SERVER_API_DISK_GUARD_H_
#define GRAFT_SERVER_API_DISK_GUARD_H_

#include <cstdint>
#include <filesystem>

#include "absl/status/status.h"

#include "core/base/error_reasons.h"
#include "core/base/files.h"
#include "core/base/status_details.h"

namespace graft::server {

// RESOURCE_EXHAUSTED when less than `min_free_bytes` are free on the disk of `folder`: work that
// would fill it is refused while there is room to finish what runs. Predictions need no disk.
inline absl::Status CheckDisk(const std::filesystem::path& folder, uint64_t min_free_bytes) {
  const auto free = FreeDiskBytes(folder);
  if (!free.ok()) return free.status();
  if (*free >= min_free_bytes) return absl::OkStatus();
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError(
                     "the server's disk is nearly full; delete datasets or models and try again"),
                 reasons::kDiskFull),
      absl::Minutes(1));
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_DISK_GUARD_H_
