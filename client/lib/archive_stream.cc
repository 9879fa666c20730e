#include "client/lib/archive_stream.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <fstream>
#include <locale.h>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"

#include "client/lib/local_file.h"

namespace graft::client {
namespace {

namespace fs = std::filesystem;

// Gathers what libarchive writes into chunks of one size.
struct Chunker {
  const ChunkSink& sink;
  const size_t chunk_bytes;
  std::string pending;
  bool gone = false;

  bool Append(absl::string_view bytes) {
    while (!bytes.empty() && !gone) {
      const size_t take = std::min(bytes.size(), chunk_bytes - pending.size());
      pending.append(bytes.data(), take);
      bytes.remove_prefix(take);
      if (pending.size() == chunk_bytes) Flush();
    }
    return !gone;
  }
  void Flush() {
    if (!pending.empty() && !gone) gone = !sink(pending);
    pending.clear();
  }
};

// libarchive takes names for characters of the locale, and a program is in the "C" locale, which
// has ASCII alone, until it asks for another. This gives the calling thread UTF-8 while it lives.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = ::uselocale(locale_);
  }
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  const locale_t locale_;
  locale_t before_ = nullptr;
};

la_ssize_t OnWrite(struct archive* archive, void* data, const void* buffer, size_t size) {
  auto* chunker = static_cast<Chunker*>(data);
  if (!chunker->Append({static_cast<const char*>(buffer), size})) {
    archive_set_error(archive, EPIPE, "the receiver has gone");
    return -1;
  }
  return static_cast<la_ssize_t>(size);
}

absl::Status WriteEntry(struct archive* archive, const fs::path& file, const std::string& name) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return CannotRead(file);
  std::error_code error;
  const uint64_t size = fs::file_size(file, error);
  if (error) return CannotRead(file, error);
  std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                      &archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  if (archive_write_header(archive, entry.get()) != ARCHIVE_OK) {
    const char* const why = archive_error_string(archive);
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' cannot be sent: ", why == nullptr ? "bad name" : why));
  }
  std::vector<char> buffer(256 << 10);
  uint64_t left = size;
  while (left > 0) {
    in.read(buffer.data(), static_cast<std::streamsize>(std::min<uint64_t>(left, buffer.size())));
    if (in.gcount() <= 0) {
      return absl::DataLossError(absl::StrCat("'", file.string(), "' became shorter while read"));
    }
    if (archive_write_data(archive, buffer.data(), static_cast<size_t>(in.gcount())) < 0) {
      return absl::CancelledError(archive_error_string(archive));
    }
    left -= static_cast<uint64_t>(in.gcount());
  }
  return absl::OkStatus();
}

// An entry that says that there is such a folder.
absl::Status WriteFolder(struct archive* archive, const std::string& name) {
  std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                      &archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFDIR);
  archive_entry_set_perm(entry.get(), 0755);
  archive_entry_set_size(entry.get(), 0);
  if (archive_write_header(archive, entry.get()) == ARCHIVE_OK) return absl::OkStatus();
  const char* const why = archive_error_string(archive);
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' cannot be sent: ", why == nullptr ? "bad name" : why));
}

}  // namespace

absl::Status StreamFolderAsTar(const fs::path& folder, const FolderContent& content,
                               size_t chunk_bytes, const ChunkSink& sink) {
  const Utf8Locale locale;
  Chunker chunker{sink, chunk_bytes, {}};
  std::unique_ptr<struct archive, decltype(&archive_write_free)> archive(archive_write_new(),
                                                                         &archive_write_free);
  archive_write_set_format_pax_restricted(archive.get());
  archive_write_set_bytes_per_block(archive.get(), 0);
  if (archive_write_open(archive.get(), &chunker, nullptr, &OnWrite, nullptr) != ARCHIVE_OK) {
    return absl::InternalError(archive_error_string(archive.get()));
  }
  for (const fs::path& file : content.files) {
    absl::Status status = WriteEntry(archive.get(), file, file.lexically_relative(folder).string());
    if (chunker.gone) return absl::OkStatus();  // the receiver knows why
    if (!status.ok()) return status;
  }
  for (const fs::path& empty : content.empty_folders) {
    absl::Status status = WriteFolder(archive.get(), empty.lexically_relative(folder).string());
    if (chunker.gone) return absl::OkStatus();
    if (!status.ok()) return status;
  }
  archive_write_close(archive.get());
  chunker.Flush();
  return absl::OkStatus();
}

absl::Status StreamFile(const fs::path& file, size_t chunk_bytes, const ChunkSink& sink) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return CannotRead(file);
  std::string chunk(chunk_bytes, '\0');
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (in.gcount() == 0) break;
    if (!sink(absl::string_view(chunk.data(), static_cast<size_t>(in.gcount())))) break;
  }
  if (in.bad()) return CannotRead(file);
  return absl::OkStatus();
}

}  // namespace graft::client
