#include "core/data/archive_stream.h"

#include <algorithm>
#include <system_error>
#include <zlib.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/zip64_locator.h"

namespace graft::data {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

absl::Status Truncated() { return absl::InvalidArgumentError("the archive is truncated"); }

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the archive is damaged: ", what));
}

}  // namespace

// zlib's inflate over the members of a gzip file, with their checksums.
class ArchiveStream::Gunzip {
 public:
  Gunzip() : out_(kPieceBytes, '\0') { ready_ = inflateInit2(&zlib_, kGzipOnly) == Z_OK; }
  ~Gunzip() {
    if (ready_) inflateEnd(&zlib_);
  }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // The next unpacked bytes; `read` gives pieces of the file, empty at its end.
  absl::StatusOr<absl::string_view> Next(
      const std::function<absl::StatusOr<absl::string_view>()>& read) {
    if (!ready_) return OutOfMemory();
    zlib_.next_out = reinterpret_cast<Bytef*>(out_.data());
    zlib_.avail_out = static_cast<uInt>(out_.size());
    while (zlib_.avail_out == out_.size()) {
      if (zlib_.avail_in == 0) {
        GRAFT_ASSIGN_OR_RETURN(const absl::string_view in, read());
        if (in.empty() && !between_members_) return Truncated();
        if (in.empty()) return absl::string_view();
        zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        zlib_.avail_in = static_cast<uInt>(in.size());
      }
      GRAFT_RETURN_IF_ERROR(between_members_ ? Begin() : Inflate());
    }
    return absl::string_view(out_.data(), out_.size() - zlib_.avail_out);
  }

 private:
  static constexpr int kGzipOnly = 15 + 16;  // the largest window; see zlib's inflateInit2

  static absl::Status OutOfMemory() {
    return absl::ResourceExhaustedError("not enough memory to unpack the archive");
  }

  // Behind a member comes another one, or the zeros that tapes are padded with.
  absl::Status Begin() {
    for (; zlib_.avail_in > 0 && *zlib_.next_in == 0; ++zlib_.next_in, --zlib_.avail_in) {
      padded_ = true;
    }
    if (zlib_.avail_in == 0) return absl::OkStatus();
    if (padded_) return Damaged("bytes behind the end of the gzip");
    between_members_ = false;
    return absl::OkStatus();
  }

  absl::Status Inflate() {
    const int result = inflate(&zlib_, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) return OutOfMemory();
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Damaged(zlib_.msg == nullptr ? "not a proper gzip" : zlib_.msg);
    }
    if (result == Z_STREAM_END) {
      between_members_ = true;
      inflateReset(&zlib_);
    }
    return absl::OkStatus();
  }

  z_stream zlib_{};
  bool ready_ = false;
  bool between_members_ = true;
  bool padded_ = false;
  std::string out_;
};

absl::StatusOr<std::unique_ptr<ArchiveStream>> ArchiveStream::Open(
    const std::filesystem::path& path, Options options) {
  GRAFT_ASSIGN_OR_RETURN(const ArchiveFormat format, FormatOfArchive(path));
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(path, error);
  std::FILE* const file = error ? nullptr : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return absl::NotFoundError("the archive cannot be opened");
  std::setvbuf(file, nullptr, _IONBF, 0);  // pieces are large
  return std::unique_ptr<ArchiveStream>(new ArchiveStream(file, format, bytes, std::move(options)));
}

ArchiveStream::ArchiveStream(std::FILE* file, ArchiveFormat format, uint64_t file_bytes,
                             Options options)
    : file_(file),
      format_(format),
      file_bytes_(file_bytes),
      options_(std::move(options)),
      gunzip_(format == ArchiveFormat::kTarGz ? std::make_unique<Gunzip>() : nullptr),
      zero_disks_(format == ArchiveFormat::kZip ? FindZeroDisks(file, file_bytes) : std::nullopt),
      piece_(kPieceBytes, '\0') {}

ArchiveStream::~ArchiveStream() = default;

absl::StatusOr<absl::string_view> ArchiveStream::Next() {
  GRAFT_RETURN_IF_ERROR(status_);
  const absl::StatusOr<absl::string_view> piece = gunzip_ ? NextUnpacked() : NextOfFile();
  if (!piece.ok()) {
    status_ = piece.status();
  } else {
    given_ += piece->size();
  }
  return piece;
}

absl::StatusOr<absl::string_view> ArchiveStream::NextOfFile() {
  if (options_.abandoned && options_.abandoned()) {
    return absl::CancelledError("the upload was given up");
  }
  const auto position = static_cast<uint64_t>(::ftello(file_.get()));
  const size_t size = std::fread(piece_.data(), 1, piece_.size(), file_.get());
  if (zero_disks_.has_value() && *zero_disks_ >= position && *zero_disks_ - position < size) {
    piece_[*zero_disks_ - position] = 1;
  }
  if (size == 0 && std::ferror(file_.get()) != 0) {
    return absl::InternalError("the archive cannot be read");
  }
  if (position == 0) beginning_ = piece_.substr(0, std::min<size_t>(size, 8));
  return absl::string_view(piece_.data(), size);
}

absl::StatusOr<absl::string_view> ArchiveStream::NextUnpacked() {
  GRAFT_ASSIGN_OR_RETURN(const absl::string_view piece,
                         gunzip_->Next([this] { return NextOfFile(); }));
  if (given_ == 0 && absl::StartsWith(piece, "\x1F\x8B")) {
    return absl::InvalidArgumentError(
        "the archive is compressed twice: send a tar, a tar.gz or a zip");
  }
  const uint64_t unpacked = given_ + piece.size();
  if (unpacked > options_.max_unpacked_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the archive unpacks to more than ", options_.max_unpacked_bytes, " bytes"));
  }
  if (unpacked > kRatioFloorBytes &&
      static_cast<double>(unpacked) > options_.max_ratio * static_cast<double>(file_bytes_)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the archive unpacks to more than ", options_.max_ratio,
                     " times its size: this is not what photographs do"));
  }
  return piece;
}

absl::Status ArchiveStream::Seek(uint64_t position) {
  GRAFT_RETURN_IF_ERROR(status_);
  if (gunzip_ || position > file_bytes_ ||
      ::fseeko(file_.get(), static_cast<off_t>(position), SEEK_SET) != 0) {
    status_ = Truncated();
  }
  return status_;
}

}  // namespace graft::data
