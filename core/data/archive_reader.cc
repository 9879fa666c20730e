#include "core/data/archive_reader.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cstring>
#include <locale.h>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/archive_names.h"

namespace graft {
namespace {

// Ratio limits only bite past this: small archives of empty pages compress well and harm nobody.
constexpr uint64_t kRatioFloorBytes = 64 << 20;

using ArchiveHandle = std::unique_ptr<struct archive, decltype(&archive_read_free)>;

absl::Status Refuse(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("'", PrintableName(name), "' ", what));
}

// libarchive's own words, without what they may quote from the file.
absl::Status Damaged(struct archive* archive) {
  const char* text = archive_error_string(archive);
  const absl::string_view message = text == nullptr ? "" : text;
  // -5 is zlib's Z_BUF_ERROR: more was expected.
  for (const absl::string_view sign : {"runcated", "end of file", "decompression failed (-5)"}) {
    if (!absl::StrContains(message, sign)) continue;
    return absl::InvalidArgumentError("the archive is truncated");
  }
  if (absl::StrContains(message, "Unrecognized")) {
    return absl::InvalidArgumentError("not a tar, tar.gz or zip archive");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the archive is damaged: ", PrintableName(message)));
}

// libarchive turns names marked as UTF-8 into the locale's characters, and loses them where it has
// none, as in the "C" locale of a service. This gives the calling thread UTF-8 while it lives.
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

class Reader {
 public:
  Reader(const ArchiveLimits& limits, uint64_t archive_bytes)
      : limits_(limits), archive_bytes_(archive_bytes) {}

  absl::Status Read(const std::filesystem::path& path,
                    const std::function<absl::Status(ArchiveEntry&&)>& visit) {
    ArchiveHandle archive(archive_read_new(), &archive_read_free);
    archive_read_support_format_tar(archive.get());
    archive_read_support_format_zip(archive.get());
    archive_read_support_filter_gzip(archive.get());
    // Read on behind the blocks that end a tar: what follows is another tar, or the file is
    // damaged.
    archive_read_set_option(archive.get(), "tar", "read_concatenated_archives", "1");
    if (archive_read_open_filename(archive.get(), path.c_str(), 1 << 18) != ARCHIVE_OK) {
      return Damaged(archive.get());
    }
    while (true) {
      archive_entry* header = nullptr;
      const int result = archive_read_next_header(archive.get(), &header);
      if (result == ARCHIVE_EOF) break;
      // ARCHIVE_RETRY is a bad header. A warning may be about an attribute nobody needs, or a chain
      // of special headers given up before there was a name.
      if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) ||
          (result == ARCHIVE_WARN && archive_entry_pathname(header) == nullptr)) {
        return Damaged(archive.get());
      }
      if (++entries_ > limits_.max_entries) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the archive holds more than ", limits_.max_entries, " entries"));
      }
      GRAFT_ASSIGN_OR_RETURN(ArchiveEntry entry, Check(header));
      if (entry.name.empty()) continue;  // the root
      if (entry.kind == ArchiveEntryKind::kFile) {
        GRAFT_RETURN_IF_ERROR(ReadData(archive.get(), header, entry));
      } else if (entry.kind != ArchiveEntryKind::kFolder) {
        GRAFT_RETURN_IF_ERROR(PassOver(archive.get()));
      }
      GRAFT_RETURN_IF_ERROR(visit(std::move(entry)));
    }
    if (entries_ == 0) return absl::InvalidArgumentError("the archive is empty");
    return absl::OkStatus();
  }

 private:
  // The entry without its bytes, once its name and type have passed.
  absl::StatusOr<ArchiveEntry> Check(archive_entry* header) {
    const char* raw = archive_entry_pathname(header);
    if (raw == nullptr) return absl::InvalidArgumentError("an entry has no readable name");
    ArchiveEntry entry;
    GRAFT_ASSIGN_OR_RETURN(entry.name, NormaliseArchiveName(raw));
    if (archive_entry_symlink(header) != nullptr) return Refuse(raw, "is a symbolic link");
    if (archive_entry_hardlink(header) != nullptr) return Refuse(raw, "is a hard link");
    if (archive_entry_is_encrypted(header) != 0) return Refuse(raw, "is encrypted");
    const auto type = archive_entry_filetype(header);
    if (type == AE_IFDIR) {
      entry.kind = IsHiddenName(entry.name) ? ArchiveEntryKind::kHidden : ArchiveEntryKind::kFolder;
      return entry;
    }
    if (type != AE_IFREG) return Refuse(raw, "is neither a file nor a folder");
    if (archive_entry_size_is_set(header) != 0 && archive_entry_size(header) < 0) {
      return Refuse(raw, "has a negative size");
    }
    if (IsHiddenName(entry.name)) {
      entry.kind = ArchiveEntryKind::kHidden;
    } else if (IsArchiveName(entry.name)) {
      entry.kind = ArchiveEntryKind::kArchive;
    }
    const auto [known, inserted] =
        names_.try_emplace(absl::AsciiStrToLower(entry.name), entry.name);
    if (!inserted) {
      return known->second == entry.name
                 ? Refuse(raw, "is there twice")
                 : Refuse(raw, absl::StrCat("differs from '", PrintableName(known->second),
                                            "' in case only"));
    }
    return entry;
  }

  absl::Status ReadData(struct archive* archive, archive_entry* header, ArchiveEntry& entry) {
    const auto too_large = [&] {
      return absl::ResourceExhaustedError(absl::StrCat("'", PrintableName(entry.name),
                                                       "' unpacks to more than ",
                                                       limits_.max_entry_bytes, " bytes"));
    };
    if (archive_entry_size_is_set(header) != 0 &&
        static_cast<uint64_t>(archive_entry_size(header)) > limits_.max_entry_bytes) {
      return too_large();
    }
    while (true) {
      const void* block = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive, &block, &size, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result != ARCHIVE_OK) return Damaged(archive);  // a wrong checksum is but a warning
      // A sparse file says where its data lies; the holes between are zeros.
      const auto end = static_cast<uint64_t>(offset) + size;
      if (offset < 0 || end > limits_.max_entry_bytes) return too_large();
      GRAFT_RETURN_IF_ERROR(Count(end - std::min<uint64_t>(end, entry.bytes.size())));
      if (end > entry.bytes.size()) entry.bytes.resize(end);
      if (size > 0) std::memcpy(&entry.bytes[static_cast<size_t>(offset)], block, size);
    }
    if (archive_entry_size_is_set(header) != 0 &&
        entry.bytes.size() < static_cast<uint64_t>(archive_entry_size(header))) {
      return absl::InvalidArgumentError(
          absl::StrCat("the archive is truncated in '", PrintableName(entry.name), "'"));
    }
    return absl::OkStatus();
  }

  // Unpacks what is not wanted, piece by piece: skipped by libarchive it would not be counted, and
  // could keep this thread busy for hours.
  absl::Status PassOver(struct archive* archive) {
    while (true) {
      const void* block = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive, &block, &size, &offset);
      if (result == ARCHIVE_EOF) return absl::OkStatus();
      if (result != ARCHIVE_OK) return Damaged(archive);
      GRAFT_RETURN_IF_ERROR(Count(size));
    }
  }

  absl::Status Count(uint64_t bytes) {
    unpacked_ += bytes;
    if (unpacked_ > limits_.max_total_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the archive unpacks to more than ", limits_.max_total_bytes, " bytes"));
    }
    if (unpacked_ > kRatioFloorBytes &&
        static_cast<double>(unpacked_) > limits_.max_ratio * static_cast<double>(archive_bytes_)) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the archive unpacks to more than ", limits_.max_ratio,
                       " times its size: this is not what photographs do"));
    }
    return absl::OkStatus();
  }

  const ArchiveLimits& limits_;
  const uint64_t archive_bytes_;
  int64_t entries_ = 0;
  uint64_t unpacked_ = 0;
  absl::flat_hash_map<std::string, std::string> names_;  // in lower case -> as first met
};

}  // namespace

absl::Status ReadArchive(const std::filesystem::path& path, const ArchiveLimits& limits,
                         const std::function<absl::Status(ArchiveEntry&&)>& visit) {
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError("the archive cannot be opened");
  if (bytes == 0) return absl::InvalidArgumentError("the archive is empty");
  const Utf8Locale locale;
  return Reader(limits, bytes).Read(path, visit);
}

std::string PrintableName(absl::string_view name) {
  constexpr size_t kLongest = 120;
  std::string safe(name.substr(0, kLongest));
  // A character may have been cut in half.
  while (!safe.empty() && name.size() > kLongest &&
         (static_cast<unsigned char>(safe.back()) & 0x80) != 0) {
    safe.pop_back();
  }
  const bool utf8 = IsValidUtf8(safe);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_iscntrl(byte) || (!utf8 && byte >= 0x80)) c = '?';
  }
  if (name.size() > kLongest) safe += "...";
  return safe;
}

}  // namespace graft
