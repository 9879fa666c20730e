#ifndef GRAFT_CORE_DATA_ARCHIVE_READER_H_
#define GRAFT_CORE_DATA_ARCHIVE_READER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace graft::data {

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
  kHidden,    // left by systems, not people: see IsHiddenName
  kArchive,   // an archive within the archive: not unpacked
  kHardLink,  // a file again, under another name
  kUnusable,  // a file that cannot be taken, as `reason` says
};

struct ArchiveEntry {
  // '/' between parts, no leading "./", no trailing '/', Normalisation Form C. Of kUnusable it may
  // stand for the true one.
  std::string name;
  ArchiveEntryKind kind = ArchiveEntryKind::kFile;
  std::string bytes;   // of kFile; empty for others
  std::string target;  // of kHardLink: the name of the file
  std::string reason;  // of kUnusable: too large, a name that cannot be, a packing not known here
};

// Calls `visit` for each entry of a tar, tar.gz or zip file, in its order; an error of `visit` ends
// the reading and is returned. Nothing is written to disk. `abandoned` is polled with every piece
// of the archive, unpacked or not: CANCELLED.
//
// INVALID_ARGUMENT names the entry: a path that leaves the archive ("../", absolute), a symbolic
// link, a device, an encrypted file, two files of one name, an archive that is truncated (a tar
// without its end, too), compressed twice or none at all. RESOURCE_EXHAUSTED: more than the limits
// allow, but for one file that is too large: that is kUnusable, and counted with the rest.
absl::Status ReadArchive(const std::filesystem::path& path, const ArchiveLimits& limits,
                         const std::function<absl::Status(ArchiveEntry&&)>& visit,
                         const std::function<bool()>& abandoned = nullptr);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_ARCHIVE_READER_H_
