// Any bytes as an archive: no crash, no leak, and no entry that breaks what ReadArchive promises.
#include <cstddef>
#include <cstdint>
#include <string>
#include <unistd.h>

#include <sys/mman.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/data/archive_reader.h"
#include "core/data/unicode.h"
#include "tests/fuzz/require.h"

using graft::Require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A file in memory: ReadArchive takes a path.
  static const int file = ::memfd_create("archive", MFD_CLOEXEC);
  static const std::string path = absl::StrCat("/proc/self/fd/", file);
  Require(::ftruncate(file, 0) == 0, "ftruncate");
  Require(::pwrite(file, data, size, 0) == static_cast<ssize_t>(size), "pwrite");

  graft::data::ArchiveLimits limits;
  limits.max_entries = 1'000;
  limits.max_total_bytes = 16 << 20;
  limits.max_entry_bytes = 4 << 20;
  uint64_t total = 0;
  int64_t entries = 0;
  const absl::Status status = graft::data::ReadArchive(
      path, limits, [&](graft::data::ArchiveEntry&& entry) -> absl::Status {
        ++entries;
        total += entry.bytes.size();
        Require(!entry.name.empty(), "an entry without a name");
        Require(graft::data::IsValidUtf8(entry.reason), "a reason that is not UTF-8");
        Require(entry.reason.empty() == (entry.kind != graft::data::ArchiveEntryKind::kUnusable),
                "no reason");
        Require(graft::data::IsValidUtf8(entry.name), "a name that is not UTF-8");
        Require(!absl::StartsWith(entry.name, "/"), "an absolute path");
        Require(!absl::StrContains(absl::StrCat("/", entry.name, "/"), "/../"),
                "a path that leaves");
        Require(entry.bytes.size() <= limits.max_entry_bytes, "an entry over the limit");
        return absl::OkStatus();
      });
  Require(entries <= limits.max_entries, "more entries than the limit");
  Require(total <= limits.max_total_bytes, "more bytes than the limit");
  Require(graft::data::IsValidUtf8(status.message()), "a message that is not UTF-8");
  return 0;
}
