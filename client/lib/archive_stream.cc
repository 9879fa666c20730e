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

namespace graft::client {
namespace {

namespace fs = std::filesystem;

bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.empty() && name[0] == '.';
}

absl::StatusOr<std::vector<fs::path>> FilesOf(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("cannot read folder '", folder.string(), "': ", error.message()));
  }
  for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (IsHidden(it->path())) {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (it->is_regular_file() && !it->is_symlink()) files.push_back(it->path());
  }
  // An iterator that fails is at its end.
  if (error) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot read all of folder '", folder.string(), "': ", error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

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
  std::error_code error;
  const uint64_t size = fs::file_size(file, error);
  if (!in || error) return absl::NotFoundError(absl::StrCat("cannot read '", file.string(), "'"));
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

}  // namespace

absl::Status StreamFolderAsTar(const fs::path& folder, size_t chunk_bytes, const ChunkSink& sink) {
  absl::StatusOr<std::vector<fs::path>> files = FilesOf(folder);
  if (!files.ok()) return files.status();
  if (files->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("folder '", folder.string(), "' holds no files"));
  }
  const Utf8Locale locale;
  Chunker chunker{sink, chunk_bytes, {}};
  std::unique_ptr<struct archive, decltype(&archive_write_free)> archive(archive_write_new(),
                                                                         &archive_write_free);
  archive_write_set_format_pax_restricted(archive.get());
  archive_write_set_bytes_per_block(archive.get(), 0);
  if (archive_write_open(archive.get(), &chunker, nullptr, &OnWrite, nullptr) != ARCHIVE_OK) {
    return absl::InternalError(archive_error_string(archive.get()));
  }
  for (const fs::path& file : *files) {
    absl::Status status = WriteEntry(archive.get(), file, fs::relative(file, folder).string());
    if (chunker.gone) return absl::OkStatus();  // the receiver knows why
    if (!status.ok()) return status;
  }
  archive_write_close(archive.get());
  chunker.Flush();
  return absl::OkStatus();
}

absl::Status StreamFile(const fs::path& file, size_t chunk_bytes, const ChunkSink& sink) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read '", file.string(), "'"));
  std::string chunk(chunk_bytes, '\0');
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (in.gcount() == 0) break;
    if (!sink(absl::string_view(chunk.data(), static_cast<size_t>(in.gcount())))) break;
  }
  if (in.bad()) return absl::DataLossError(absl::StrCat("read error in '", file.string(), "'"));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ContentBytes(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    const uint64_t size = fs::file_size(path, error);
    if (error) {
      return absl::NotFoundError(
          absl::StrCat("cannot read '", path.string(), "': ", error.message()));
    }
    return size;
  }
  absl::StatusOr<std::vector<fs::path>> files = FilesOf(path);
  if (!files.ok()) return files.status();
  uint64_t bytes = 0;
  for (const fs::path& file : *files) bytes += fs::file_size(file, error);
  return bytes;
}

}  // namespace graft::client
