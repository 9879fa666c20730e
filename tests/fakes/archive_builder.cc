#include "tests/fakes/archive_builder.h"

#include <archive.h>
#include <archive_entry.h>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <utility>

namespace graft {
namespace {

[[noreturn]] void Die(struct archive* archive) {
  std::fprintf(stderr, "archive_builder: %s\n", archive_error_string(archive));
  std::abort();
}

void Require(struct archive* archive, int result) {
  if (result < ARCHIVE_WARN) Die(archive);
}

la_ssize_t AppendToString(struct archive*, void* target, const void* bytes, size_t size) {
  static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

using Writer = std::unique_ptr<struct archive, decltype(&archive_write_free)>;
using Header = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

void Open(struct archive* writer, std::string* target) {
  archive_write_set_bytes_in_last_block(writer, 1);
  Require(writer, archive_write_open(writer, target, nullptr, &AppendToString, nullptr));
}

void WriteEntry(struct archive* writer, const FakeEntry& entry) {
  const Header header(archive_entry_new(), &archive_entry_free);
  archive_entry_copy_pathname(header.get(), entry.name.c_str());
  archive_entry_set_perm(header.get(), 0644);
  archive_entry_set_size(header.get(), 0);
  switch (entry.type) {
    case FakeEntryType::kFile:
      archive_entry_set_filetype(header.get(), AE_IFREG);
      archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.bytes.size()));
      break;
    case FakeEntryType::kFolder:
      archive_entry_set_filetype(header.get(), AE_IFDIR);
      break;
    case FakeEntryType::kSymlink:
      archive_entry_set_filetype(header.get(), AE_IFLNK);
      archive_entry_copy_symlink(header.get(), entry.bytes.c_str());
      break;
    case FakeEntryType::kHardLink:
      archive_entry_set_filetype(header.get(), AE_IFREG);
      archive_entry_copy_hardlink(header.get(), entry.bytes.c_str());
      break;
    case FakeEntryType::kDevice:
      archive_entry_set_filetype(header.get(), AE_IFCHR);
      archive_entry_set_rdev(header.get(), 0x0103);  // /dev/null
      break;
  }
  Require(writer, archive_write_header(writer, header.get()));
  if (entry.type == FakeEntryType::kFile && !entry.bytes.empty()) {
    if (archive_write_data(writer, entry.bytes.data(), entry.bytes.size()) < 0) Die(writer);
  }
}

}  // namespace

std::string MakeArchive(data::ArchiveFormat format, const std::vector<FakeEntry>& entries) {
  std::string bytes;
  const Writer writer(archive_write_new(), &archive_write_free);
  if (format == data::ArchiveFormat::kZip) {
    archive_write_set_format_zip(writer.get());
  } else {
    archive_write_set_format_gnutar(writer.get());
    if (format == data::ArchiveFormat::kTarGz) archive_write_add_filter_gzip(writer.get());
  }
  Open(writer.get(), &bytes);
  for (const FakeEntry& entry : entries) WriteEntry(writer.get(), entry);
  Require(writer.get(), archive_write_close(writer.get()));
  return bytes;
}

std::string Gzip(const std::string& bytes) {
  std::string packed;
  const Writer writer(archive_write_new(), &archive_write_free);
  archive_write_set_format_raw(writer.get());
  archive_write_add_filter_gzip(writer.get());
  Open(writer.get(), &packed);
  WriteEntry(writer.get(), {"data", bytes});
  Require(writer.get(), archive_write_close(writer.get()));
  return packed;
}

std::string TarSize(uint64_t size) {
  char digits[13];
  std::snprintf(digits, sizeof(digits), "%011llo", static_cast<unsigned long long>(size));
  return std::string(digits, 12);
}

std::string TarHeader(const std::string& name, const std::string& size_field, char type) {
  std::string block(512, '\0');
  const auto put = [&](size_t at, const std::string& text) {
    block.replace(at, text.size(), text);
  };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size_field.substr(0, 12));
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  char digits[8];
  std::snprintf(digits, sizeof(digits), "%06o", sum);
  put(148, std::string(digits, 7) + " ");
  return block;
}

std::string TarEntry(const std::string& name, const std::string& bytes, char type) {
  std::string entry = TarHeader(name, TarSize(bytes.size()), type) + bytes;
  entry.resize((entry.size() + 511) / 512 * 512);
  return entry;
}

std::string TarEnd() { return std::string(1024, '\0'); }

std::string PaxHeader(const std::vector<std::pair<std::string, std::string>>& records) {
  std::string body;
  for (const auto& [key, value] : records) {
    const std::string rest = " " + key + "=" + value + "\n";
    size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) ++length;
    body += std::to_string(length) + rest;
  }
  return TarEntry("PaxHeaders/entry", body, 'x');
}

void SetZipFlags(std::string& zip, uint16_t bits) {
  const auto set = [&](const std::string& signature, size_t flags) {
    for (size_t at = zip.find(signature); at != std::string::npos;
         at = zip.find(signature, at + 4)) {
      zip[at + flags] = static_cast<char>(zip[at + flags] | (bits & 0xFF));
      zip[at + flags + 1] = static_cast<char>(zip[at + flags + 1] | (bits >> 8));
    }
  };
  set("PK\x03\x04", 6);
  set("PK\x01\x02", 8);
}

void WriteTestFile(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    std::fprintf(stderr, "archive_builder: cannot write a test file\n");
    std::abort();
  }
}

}  // namespace graft
