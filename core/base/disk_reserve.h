#ifndef GRAFT_CORE_BASE_DISK_RESERVE_H_
#define GRAFT_CORE_BASE_DISK_RESERVE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/base/files.h"

namespace graft {

using FreeDiskFunction = std::function<absl::StatusOr<uint64_t>(const std::filesystem::path&)>;

// Keeps some of a disk free while a long file is written to it: what runs needs room to finish.
// For one thread.
class DiskReserve {
 public:
  static constexpr uint64_t kEveryBytes = 32 << 20;

  // On the disk of `folder`, which must be there.
  DiskReserve(std::filesystem::path folder, uint64_t min_free_bytes,
              FreeDiskFunction free = FreeDiskBytes)
      : folder_(std::move(folder)), min_free_bytes_(min_free_bytes), free_(std::move(free)) {}

  // To be asked before `bytes` more are written. Looks at the disk the first time and then every 32
  // MiB. RESOURCE_EXHAUSTED where less than the reserve would be left.
  absl::Status Spend(uint64_t bytes) {
    if (bytes <= unseen_) {
      unseen_ -= bytes;
      return absl::OkStatus();
    }
    const absl::StatusOr<uint64_t> free = free_(folder_);
    if (!free.ok()) return free.status();
    if (*free < min_free_bytes_ || *free - min_free_bytes_ < bytes) {
      return absl::ResourceExhaustedError("the server's disk is full");
    }
    unseen_ = kEveryBytes;
    return absl::OkStatus();
  }

 private:
  const std::filesystem::path folder_;
  const uint64_t min_free_bytes_;
  const FreeDiskFunction free_;
  uint64_t unseen_ = 0;  // may be written before the next look
};

}  // namespace graft

#endif  // GRAFT_CORE_BASE_DISK_RESERVE_H_
