#ifndef GRAFT_CORE_DATA_PACKED_FILE_H_
#define GRAFT_CORE_DATA_PACKED_FILE_H_

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/base/disk_reserve.h"

namespace graft::data {

// images.bin while it is made: appends to a new file and remembers how far it is. For one thread.
class PackedFile {
 public:
  // INTERNAL: it cannot be created, or is there already.
  static absl::StatusOr<PackedFile> Create(const std::filesystem::path& path, DiskReserve reserve);

  // RESOURCE_EXHAUSTED: the disk is full, or as full as it may become.
  absl::Status Append(absl::string_view bytes);
  absl::Status Sync();

  uint64_t size() const { return size_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  PackedFile(std::FILE* file, DiskReserve reserve) : file_(file), reserve_(std::move(reserve)) {}

  std::unique_ptr<std::FILE, Close> file_;
  DiskReserve reserve_;
  uint64_t size_ = 0;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_PACKED_FILE_H_
