#ifndef GRAFT_CORE_DATA_ARCHIVE_READER_H_
#define GRAFT_CORE_DATA_ARCHIVE_READER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace graft {

// What an archive from a stranger may ask of this machine.
struct ArchiveLimits {
  int64_t max_entries = 200'000;                  // files and folders
  uint64_t max_total_bytes = uint64_t{16} << 30;  // unpacked
  uint64_t max_entry_bytes = 64 << 20;            // unpacked, of one file
  // Unpacked bytes for each byte of the archive, past the first 64 MiB: pictures do not compress.
  double max_ratio = 100;
  uint64_t max_name_bytes = 64 << 20;  // of all names together: they are kept in memory
};

enum class ArchiveEntryKind {
  kFile,
  kFolder,
  kHidden,   // .DS_Store, __MACOSX/..., Thumbs.db, names that begin with a dot
  kArchive,  // an archive within the archive: not unpacked
};

struct ArchiveEntry {
  std::string name;  // '/' between parts, no leading "./", no trailing '/'
  ArchiveEntryKind kind = ArchiveEntryKind::kFile;
  std::string bytes;  // of kFile; empty for others
};

// Calls `visit` for each entry of a tar, tar.gz or zip file, in its order; an error of `visit` ends
// the reading and is returned. Nothing is written to disk. `abandoned` is polled with every piece
// of the archive, unpacked or not: CANCELLED.
//
// INVALID_ARGUMENT names the entry: a path that leaves the archive ("../", absolute), a link, a
// device, an encrypted file, a name that is not UTF-8, is over 255 bytes a part, 1,024 in all or 32
// parts, or holds control characters, a name given twice or that differs from another in case only,
// an archive that is truncated (a tar without its end, too), compressed twice or none at all.
// RESOURCE_EXHAUSTED: more than the limits allow.
absl::Status ReadArchive(const std::filesystem::path& path, const ArchiveLimits& limits,
                         const std::function<absl::Status(ArchiveEntry&&)>& visit,
                         const std::function<bool()>& abandoned = nullptr);

// A name from an archive for a message: control characters and broken UTF-8 replaced, at most 120
// bytes.
std::string PrintableName(absl::string_view name);

}  // namespace graft

#endif  // GRAFT_CORE_DATA_ARCHIVE_READER_H_
