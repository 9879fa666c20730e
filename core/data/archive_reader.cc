#include "core/data/archive_reader.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/archive_names.h"
#include "core/data/archive_stream.h"
#include "core/data/utf8_locale.h"

namespace graft::data {
namespace {

// What an entry of a tar may take besides its content: header, long name, padding.
constexpr uint64_t kEntryOverheadBytes = 4096;
constexpr uint64_t kTarBlock = 512;
constexpr uint64_t kIndexEntryBytes = 256;  // of a zip's table of contents, with the name
constexpr uint64_t kIndexFloorBytes = 1 << 20;
constexpr uint64_t kEmptyZip = 22;  // nothing but the end of the table of contents

using ArchiveHandle = std::unique_ptr<struct archive, decltype(&archive_read_free)>;

absl::Status Refuse(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("'", PrintableName(name), "' ", what));
}

// Packings of zip that libarchive does not unpack; "" for any other message of its.
std::string UnknownPacking(absl::string_view message) {
  constexpr absl::string_view kSign = "Unsupported ZIP compression method (";
  const size_t at = message.find(kSign);
  if (at == absl::string_view::npos) return "";
  absl::string_view method = message.substr(at + kSign.size());
  method = method.substr(0, method.find(')'));
  return absl::StrCat("is packed with ", PrintableName(method),
                      ", which is not unpacked here: pack the folder again as a tar or as a zip "
                      "with the method Deflate or Store");
}

// Which other kind of archive begins so; a tar may begin in any way.
std::string OtherArchive(absl::string_view beginning) {
  constexpr std::pair<absl::string_view, absl::string_view> kSigns[] = {
      {"\xFD"
       "7zXZ",
       "xz"},
      {"BZh", "bzip2"},
      {"\x28\xB5\x2F\xFD", "zstd"},
      {"7z\xBC\xAF", "7-Zip"},
      {"Rar!", "RAR"}};
  for (const auto& [sign, name] : kSigns) {
    if (absl::StartsWith(beginning, sign)) {
      return absl::StrCat(": it looks like ", name, "; pack the folder as one of these");
    }
  }
  return "";
}

// libarchive's own words, without what they may quote from the file.
absl::Status Damaged(struct archive* archive, ArchiveFormat format, absl::string_view beginning) {
  const char* text = archive_error_string(archive);
  const absl::string_view message = text == nullptr ? "" : text;
  // -5 is zlib's Z_BUF_ERROR: more was expected.
  for (const absl::string_view sign : {"runcated", "end of file", "decompression failed (-5)"}) {
    if (!absl::StrContains(message, sign)) continue;
    return absl::InvalidArgumentError("the archive is truncated");
  }
  if (absl::StrContains(message, "Unrecognized")) {
    return absl::InvalidArgumentError(
        format == ArchiveFormat::kZip
            ? "the archive is truncated: its table of contents, at the end of a zip, is missing"
            : absl::StrCat("not a tar, tar.gz or zip archive", OtherArchive(beginning)));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the archive is damaged: ", PrintableName(message)));
}

class Reader {
 public:
  Reader(const ArchiveLimits& limits, const std::function<bool()>& abandoned, ArchiveStream* stream)
      : limits_(limits),
        abandoned_(abandoned),
        stream_(stream),
        handle_(archive_read_new(), &archive_read_free),
        archive_(handle_.get()) {}

  absl::Status Read(const std::function<absl::Status(ArchiveEntry&&)>& visit) {
    GRAFT_RETURN_IF_ERROR(Open());
    uint64_t entries_end = 0;  // where in the stream
    while (true) {
      archive_entry* header = nullptr;
      const int result = archive_read_next_header(archive_, &header);
      if (result == ARCHIVE_EOF) break;
      // ARCHIVE_RETRY is a bad header. A warning may be about an attribute nobody needs, or a chain
      // of special headers given up before there was a name.
      if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) ||
          (result == ARCHIVE_WARN && archive_entry_pathname(header) == nullptr)) {
        return Failed();
      }
      if (++entries_ > limits_.max_entries) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the archive holds more than ", limits_.max_entries, " entries"));
      }
      GRAFT_ASSIGN_OR_RETURN(ArchiveEntry entry, Check(header));
      if (entry.kind == ArchiveEntryKind::kFile) {
        GRAFT_RETURN_IF_ERROR(ReadData(header, entry));
      } else if (entry.kind == ArchiveEntryKind::kHardLink) {
        GRAFT_RETURN_IF_ERROR(ReadLink(header, entry));
      } else if (entry.kind != ArchiveEntryKind::kFolder) {
        GRAFT_RETURN_IF_ERROR(PassOver());
      }
      entries_end = static_cast<uint64_t>(archive_filter_bytes(archive_, 0));
      if (entry.name.empty()) continue;  // the root
      GRAFT_RETURN_IF_ERROR(visit(std::move(entry)));
    }
    if (entries_ == 0) return absl::InvalidArgumentError("the archive is empty");
    // A tar ends with empty blocks: cut between two entries, it lacks them.
    const uint64_t padded = (entries_end + kTarBlock - 1) / kTarBlock * kTarBlock;
    if (stream_->format() != ArchiveFormat::kZip && stream_->given() < padded + kTarBlock) {
      return absl::InvalidArgumentError("the archive is truncated: the end of the tar is missing");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Open() {
    if (stream_->format() == ArchiveFormat::kZip) {
      // By its table of contents alone, which says what is a link.
      archive_read_support_format_zip_seekable(archive_);
      archive_read_set_seek_callback(archive_, &SeekTo);
    } else {
      archive_read_support_format_tar(archive_);
      // Read on behind the blocks that end a tar: what follows is another tar, or the file is
      // damaged.
      archive_read_set_option(archive_, "tar", "read_concatenated_archives", "1");
    }
    archive_read_set_read_callback(archive_, &ReadPiece);
    archive_read_set_callback_data(archive_, this);
    return archive_read_open1(archive_) == ARCHIVE_OK ? absl::OkStatus() : Failed();
  }

  static la_ssize_t ReadPiece(struct archive* archive, void* opaque, const void** piece) {
    auto* const reader = static_cast<Reader*>(opaque);
    const absl::StatusOr<absl::string_view> next = reader->NextPiece();
    if (!next.ok()) {
      reader->stream_error_ = next.status();
      archive_set_error(archive, EIO, "the stream failed");
      return ARCHIVE_FATAL;
    }
    *piece = next->data();
    return static_cast<la_ssize_t>(next->size());
  }

  static la_int64_t SeekTo(struct archive*, void* opaque, la_int64_t offset, int whence) {
    auto* const reader = static_cast<Reader*>(opaque);
    // Only from the ends does libarchive seek.
    if (whence == SEEK_END) offset += static_cast<la_int64_t>(reader->stream_->file_bytes());
    if (whence == SEEK_CUR || offset < 0) return ARCHIVE_FATAL;
    const absl::Status sought = reader->stream_->Seek(static_cast<uint64_t>(offset));
    if (sought.ok()) return offset;
    reader->stream_error_ = sought;
    return ARCHIVE_FATAL;
  }

  absl::StatusOr<absl::string_view> NextPiece() {
    // libarchive keeps a zip's whole table of contents before it gives the first entry.
    const uint64_t longest =
        kIndexFloorBytes + static_cast<uint64_t>(limits_.max_entries) * kIndexEntryBytes;
    if (stream_->format() == ArchiveFormat::kZip && entries_ == 0 && stream_->given() > longest) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the archive's table of contents is longer than ", limits_.max_entries,
                       " entries need, the most that are allowed"));
    }
    return stream_->Next();
  }

  // What made libarchive give up: the stream, or what it holds.
  absl::Status Failed() {
    GRAFT_RETURN_IF_ERROR(stream_error_);
    if (stream_->format() == ArchiveFormat::kZip && stream_->file_bytes() == kEmptyZip) {
      return absl::InvalidArgumentError("the archive is empty");
    }
    return Damaged(archive_, stream_->format(), stream_->beginning());
  }

  // The entry without its bytes, once its name and type have passed.
  absl::StatusOr<ArchiveEntry> Check(archive_entry* header) {
    const char* raw = archive_entry_pathname(header);
    if (raw == nullptr) return absl::InvalidArgumentError("an entry has no readable name");
    GRAFT_ASSIGN_OR_RETURN(const PlainName plain, Normalise(raw));
    ArchiveEntry entry;
    entry.name = plain.name;
    name_bytes_ += entry.name.size();
    if (name_bytes_ > limits_.max_name_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("the names in the archive have more than ",
                                                       limits_.max_name_bytes, " bytes in all"));
    }
    if (plain.hidden && archive_entry_is_encrypted(header) == 0) {
      entry.kind = ArchiveEntryKind::kHidden;  // be it a link or a socket: nobody looks into it
      return entry;
    }
    if (archive_entry_symlink(header) != nullptr) {
      return Refuse(raw, "is a symbolic link: pack the files themselves, as 'tar -h' does");
    }
    if (archive_entry_is_encrypted(header) != 0) {
      return Refuse(raw, "is encrypted: pack the folder without a password");
    }
    const auto type = archive_entry_filetype(header);
    const bool hard_link = archive_entry_hardlink(header) != nullptr;
    if (type == AE_IFDIR || entry.name.empty()) {
      entry.kind = ArchiveEntryKind::kFolder;
      return entry;
    }
    if (type != AE_IFREG && !hard_link) return Refuse(raw, "is neither a file nor a folder");
    if (archive_entry_size_is_set(header) != 0 && archive_entry_size(header) < 0) {
      return Refuse(raw, "has a negative size");
    }
    if (!plain.problem.empty()) {
      entry.kind = ArchiveEntryKind::kUnusable;
      entry.reason = plain.problem;
      return entry;
    }
    if (hard_link) {
      GRAFT_ASSIGN_OR_RETURN(const PlainName target, Normalise(archive_entry_hardlink(header)));
      entry.kind = ArchiveEntryKind::kHardLink;
      entry.target = target.name;
    } else if (IsArchiveName(entry.name)) {
      entry.kind = ArchiveEntryKind::kArchive;
    }
    const auto [known, inserted] = names_.try_emplace(Key(entry.name), Key(raw));
    if (inserted) return entry;
    const bool accented = std::any_of(entry.name.begin(), entry.name.end(), [](char c) {
      return !absl::ascii_isascii(static_cast<unsigned char>(c));
    });
    return Refuse(raw, accented && known->second != Key(raw)
                           ? "is there twice, its accents written in two ways: rename one"
                           : "is there twice");
  }

  absl::StatusOr<PlainName> Normalise(const char* raw) const {
    return NormaliseArchiveName(raw, stream_->format() == ArchiveFormat::kZip);
  }

  // Stands for a name: 128 bits of its hash, in which nobody finds two names alike.
  using NameKey = std::pair<uint64_t, uint64_t>;
  static NameKey Key(absl::string_view name) {
    const std::string hex = Sha256Hex(name);
    NameKey key;
    (void)absl::SimpleHexAtoi(absl::string_view(hex).substr(0, 16), &key.first);
    (void)absl::SimpleHexAtoi(absl::string_view(hex).substr(16, 16), &key.second);
    return key;
  }

  // Leaves out a file that is too large, or packed as nobody here unpacks it, having passed over
  // it.
  absl::Status ReadData(archive_entry* header, ArchiveEntry& entry) {
    if (archive_entry_size_is_set(header) != 0 &&
        static_cast<uint64_t>(archive_entry_size(header)) > limits_.max_entry_bytes) {
      return PassOverLarge(static_cast<uint64_t>(archive_entry_size(header)), entry);
    }
    while (true) {
      const void* block = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive_, &block, &size, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result != ARCHIVE_OK) return PassOverUnknown(entry);  // a wrong checksum is but a warning
      // A sparse file says where its data lies; the holes between are zeros.
      const auto end = static_cast<uint64_t>(offset) + size;
      if (offset < 0 || end > limits_.max_entry_bytes) return PassOverLarge(0, entry);
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

  // A link of the pax format may bring its bytes along, and then is a file like any other.
  absl::Status ReadLink(archive_entry* header, ArchiveEntry& entry) {
    if (archive_entry_size_is_set(header) == 0 || archive_entry_size(header) == 0) {
      return PassOver();
    }
    entry.kind = ArchiveEntryKind::kFile;
    entry.target.clear();
    return ReadData(header, entry);
  }

  // `size` as its header says it, 0 where that is smaller than it proves to be.
  absl::Status PassOverLarge(uint64_t size, ArchiveEntry& entry) {
    if (size > limits_.max_total_bytes) return TooMuchInAll();
    entry.kind = ArchiveEntryKind::kUnusable;
    entry.bytes = std::string();
    entry.reason = absl::StrCat("the file has ", size > 0 ? absl::StrCat(size, " bytes, ") : "",
                                size > 0 ? "at most " : "more than the ", limits_.max_entry_bytes,
                                size > 0 ? " are allowed" : " bytes that are allowed");
    return PassOver();
  }

  absl::Status PassOverUnknown(ArchiveEntry& entry) {
    const char* text = archive_error_string(archive_);
    entry.reason = UnknownPacking(text == nullptr ? "" : text);
    if (entry.reason.empty()) return Failed();
    entry.kind = ArchiveEntryKind::kUnusable;
    entry.bytes = std::string();
    return absl::OkStatus();
  }

  // Unpacks what is not wanted, piece by piece: skipped by libarchive it would not be counted, and
  // could keep this thread busy for hours.
  absl::Status PassOver() {
    while (true) {
      const void* block = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive_, &block, &size, &offset);
      if (result == ARCHIVE_EOF) return absl::OkStatus();
      if (result != ARCHIVE_OK) {
        ArchiveEntry passed;
        return PassOverUnknown(passed);
      }
      GRAFT_RETURN_IF_ERROR(Count(size));
    }
  }

  absl::Status TooMuchInAll() const {
    return absl::ResourceExhaustedError(
        absl::StrCat("the archive unpacks to more than ", limits_.max_total_bytes, " bytes"));
  }

  absl::Status Count(uint64_t bytes) {
    if (abandoned_ && abandoned_()) return absl::CancelledError("the upload was given up");
    unpacked_ += bytes;
    if (unpacked_ > limits_.max_total_bytes) return TooMuchInAll();
    if (unpacked_ > ArchiveStream::kRatioFloorBytes &&
        static_cast<double>(unpacked_) >
            limits_.max_ratio * static_cast<double>(stream_->file_bytes())) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the archive unpacks to more than ", limits_.max_ratio,
                       " times its size: this is not what photographs do"));
    }
    return absl::OkStatus();
  }

  const ArchiveLimits& limits_;
  const std::function<bool()>& abandoned_;
  ArchiveStream* const stream_;
  const ArchiveHandle handle_;
  struct archive* const archive_;
  absl::Status stream_error_;
  int64_t entries_ = 0;
  uint64_t unpacked_ = 0;
  uint64_t name_bytes_ = 0;
  absl::flat_hash_map<NameKey, NameKey> names_;  // normalised -> as it stands
};

}  // namespace

absl::Status ReadArchive(const std::filesystem::path& path, const ArchiveLimits& limits,
                         const std::function<absl::Status(ArchiveEntry&&)>& visit,
                         const std::function<bool()>& abandoned) {
  ArchiveStream::Options options;
  options.max_unpacked_bytes =
      limits.max_total_bytes + static_cast<uint64_t>(limits.max_entries) * kEntryOverheadBytes;
  options.max_ratio = limits.max_ratio;
  options.abandoned = abandoned;
  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveStream> stream,
                         ArchiveStream::Open(path, std::move(options)));
  const Utf8Locale locale;
  return Reader(limits, abandoned, stream.get()).Read(visit);
}

}  // namespace graft::data
