#ifndef GRAFT_CORE_DATA_ARCHIVE_FORMAT_H_
#define GRAFT_CORE_DATA_ARCHIVE_FORMAT_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::data {

enum class ArchiveFormat { kTar, kTarGz, kZip };

// "tar", "tar.gz", "zip".
absl::string_view ArchiveFormatName(ArchiveFormat format);

// What a file is by its first bytes, whatever follows: one reader alone gets to see it, so that no
// file is two archives at once. What is neither gzip nor zip can only be a tar. NOT_FOUND: it
// cannot be opened. INVALID_ARGUMENT: it is empty.
absl::StatusOr<ArchiveFormat> FormatOfArchive(const std::filesystem::path& path);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_ARCHIVE_FORMAT_H_
