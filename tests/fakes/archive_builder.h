#ifndef GRAFT_TESTS_FAKES_ARCHIVE_BUILDER_H_
#define GRAFT_TESTS_FAKES_ARCHIVE_BUILDER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/archive_format.h"

namespace graft {

// Archives for tests, good ones and such as no honest program writes.

enum class FakeEntryType { kFile, kFolder, kSymlink, kHardLink, kDevice };

struct FakeEntry {
  std::string name;
  std::string bytes;  // of a file; of a link: what it points to
  FakeEntryType type = FakeEntryType::kFile;
};

// Written by libarchive; names are taken as they are.
std::string MakeArchive(data::ArchiveFormat format, const std::vector<FakeEntry>& entries);

std::string Gzip(const std::string& bytes);

// One header block of a tar with its checksum. `size_field` stands in the 12 bytes of the size as
// it is: usually octal digits, see TarSize.
std::string TarHeader(const std::string& name, const std::string& size_field, char type = '0');
std::string TarSize(uint64_t size);
// A whole entry: header, content, padding to 512.
std::string TarEntry(const std::string& name, const std::string& bytes, char type = '0');
// The two empty blocks that end a tar.
std::string TarEnd();
// A PAX extended header (type 'x') with records "length key=value\n".
std::string PaxHeader(const std::vector<std::pair<std::string, std::string>>& records);

// Sets bits of the general purpose flags of each entry of a zip.
inline constexpr uint16_t kZipEncrypted = 1 << 0;
inline constexpr uint16_t kZipUtf8 = 1 << 11;
void SetZipFlags(std::string& zip, uint16_t bits);

void WriteTestFile(const std::filesystem::path& path, const std::string& bytes);

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_ARCHIVE_BUILDER_H_
