#include "core/data/archive_format.h"

#include <fstream>
#include <string>

#include "absl/strings/match.h"

namespace graft::data {

absl::string_view ArchiveFormatName(ArchiveFormat format) {
  switch (format) {
    case ArchiveFormat::kTar:
      return "tar";
    case ArchiveFormat::kTarGz:
      return "tar.gz";
    case ArchiveFormat::kZip:
      return "zip";
  }
  return "archive";
}

absl::StatusOr<ArchiveFormat> FormatOfArchive(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError("the archive cannot be opened");
  std::string magic(4, '\0');
  file.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  magic.resize(static_cast<size_t>(file.gcount()));
  if (magic.empty()) return absl::InvalidArgumentError("the archive is empty");
  if (absl::StartsWith(magic, "\x1F\x8B")) return ArchiveFormat::kTarGz;
  // A first file, an archive without one, and the mark of one that was once split into volumes. Two
  // letters would not do: a tar begins with a name.
  for (const char* sign : {"PK\x03\x04", "PK\x05\x06", "PK\x07\x08"}) {
    if (magic == sign) return ArchiveFormat::kZip;
  }
  return ArchiveFormat::kTar;
}

}  // namespace graft::data
