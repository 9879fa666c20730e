#ifndef GRAFT_CORE_DATA_ARCHIVE_STREAM_H_
#define GRAFT_CORE_DATA_ARCHIVE_STREAM_H_

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/data/archive_format.h"

namespace graft::data {

// The bytes of an archive file, in pieces: those of the file, or of a tar.gz those of the tar. What
// comes out is counted here, before anyone makes sense of it, so that a stranger's zeros, chains of
// headers and empty gzip members cost no more than the limits. For one thread.
class ArchiveStream {
 public:
  struct Options {
    uint64_t max_unpacked_bytes = 0;  // out of the gzip
    double max_ratio = 0;  // unpacked bytes for each byte of the file, past kRatioFloorBytes
    std::function<bool()> abandoned;  // polled with every piece: CANCELLED
  };
  // Ratios only matter past this: small archives of empty pages compress well and harm nobody.
  static constexpr uint64_t kRatioFloorBytes = 64 << 20;

  // NOT_FOUND, or INVALID_ARGUMENT for an empty file.
  static absl::StatusOr<std::unique_ptr<ArchiveStream>> Open(const std::filesystem::path& path,
                                                             Options options);
  ~ArchiveStream();
  ArchiveStream(const ArchiveStream&) = delete;
  ArchiveStream& operator=(const ArchiveStream&) = delete;

  ArchiveFormat format() const { return format_; }
  uint64_t file_bytes() const { return file_bytes_; }

  // The next piece, valid until the next call; empty at the end. INVALID_ARGUMENT: the gzip is
  // truncated, damaged or packed twice. RESOURCE_EXHAUSTED: a limit. CANCELLED. An error stays.
  absl::StatusOr<absl::string_view> Next();
  // Goes on from `position` of the file, of a tar or zip.
  absl::Status Seek(uint64_t position);

  // The first few bytes of the file, once something was given.
  absl::string_view beginning() const { return beginning_; }
  // Bytes given so far.
  uint64_t given() const { return given_; }

 private:
  class Gunzip;
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  ArchiveStream(std::FILE* file, ArchiveFormat format, uint64_t file_bytes, Options options);

  absl::StatusOr<absl::string_view> NextOfFile();
  absl::StatusOr<absl::string_view> NextUnpacked();

  const std::unique_ptr<std::FILE, Close> file_;
  const ArchiveFormat format_;
  const uint64_t file_bytes_;
  const Options options_;
  const std::unique_ptr<Gunzip> gunzip_;      // of a tar.gz
  const std::optional<uint64_t> zero_disks_;  // see FindZeroDisks
  std::string piece_;
  std::string beginning_;
  uint64_t given_ = 0;
  absl::Status status_;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_ARCHIVE_STREAM_H_
