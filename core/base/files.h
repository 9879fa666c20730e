#ifndef GRAFT_CORE_BASE_FILES_H_
#define GRAFT_CORE_BASE_FILES_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// Reads a whole file of at most `max_bytes`. NOT_FOUND, RESOURCE_EXHAUSTED (larger) or DATA_LOSS.
// Messages name no path: callers say what the file is for.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes);

// Writes `bytes` beside `path`, syncs, renames over it and syncs the folder: after OK the new
// content survives power loss; before, a reader sees the old content or the new, never a part.
// RESOURCE_EXHAUSTED when the disk is full, INTERNAL for other errors; nothing is left behind.
absl::Status WriteFileAtomically(const std::filesystem::path& path, absl::string_view bytes);

// fsync of a folder, so that a rename or unlink in it is durable.
absl::Status SyncDirectory(const std::filesystem::path& directory);

// Bytes free for unprivileged users on the file system that holds `path`.
absl::StatusOr<uint64_t> FreeDiskBytes(const std::filesystem::path& path);

// A folder of its own, removed with all it holds by the destructor.
class TempDirectory {
 public:
  // Under `parent`, or under the system's temporary folder when empty.
  static absl::StatusOr<TempDirectory> Create(const std::filesystem::path& parent = {},
                                              absl::string_view prefix = "graft-");
  TempDirectory(TempDirectory&& other) noexcept;
  TempDirectory& operator=(TempDirectory&& other) noexcept;
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// A read-only memory map of a file; unmapped by the destructor. Safe for concurrent reads.
class MappedFile {
 public:
  // NOT_FOUND if it cannot be opened; an empty file gives empty bytes.
  static absl::StatusOr<std::unique_ptr<MappedFile>> Open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  absl::string_view bytes() const { return {data_, size_}; }

 private:
  MappedFile(const char* data, size_t size) : data_(data), size_(size) {}
  const char* const data_;
  const size_t size_;
};

}  // namespace graft

#endif  // GRAFT_CORE_BASE_FILES_H_
