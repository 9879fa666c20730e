#include "core/features/feature_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/failpoint.h"
#include "core/base/status_macros.h"

namespace graft::features {
namespace {

constexpr absl::string_view kMagic = "GRAFTFC1";

absl::Status DiskError(const char* what) {
  const int error = errno;
  const std::string message =
      absl::StrCat("feature cache: cannot ", what, ": ", std::strerror(error));
  return error == ENOSPC ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FeatureFileWriter>> FeatureFileWriter::Create(
    std::filesystem::path path, DiskReserve* reserve) {
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) return DiskError("create a file");
  return std::unique_ptr<FeatureFileWriter>(new FeatureFileWriter(std::move(path), fd, reserve));
}

FeatureFileWriter::~FeatureFileWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

absl::Status FeatureFileWriter::Write(absl::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return DiskError("write");
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::Status FeatureFileWriter::Append(absl::Span<const float> rows) {
  const absl::string_view bytes(reinterpret_cast<const char*>(rows.data()),
                                rows.size() * sizeof(float));
  if (reserve_ != nullptr) GRAFT_RETURN_IF_ERROR(reserve_->Spend(bytes.size()));
  GRAFT_FAILPOINT("feature_file.before_write");
  hash_.Update(bytes);
  GRAFT_RETURN_IF_ERROR(Write(bytes, kFeatureFileHeaderBytes + written_));
  written_ += bytes.size();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FeatureShard>> FeatureFileWriter::Finish(
    const std::string& key, const FeatureShape& shape, const std::filesystem::path& final_path) {
  if (written_ != shape.bytes()) return absl::InternalError("feature cache: a shard is not whole");
  const nlohmann::json header = {{"key", key},
                                 {"rows", shape.rows},
                                 {"row_shape", shape.row_shape},
                                 {"dtype", "F32"},
                                 {"sha256", hash_.FinishHex()}};
  std::string bytes = absl::StrCat(kMagic, header.dump());
  bytes.resize(kFeatureFileHeaderBytes, '\0');
  GRAFT_RETURN_IF_ERROR(Write(bytes, 0));
  GRAFT_FAILPOINT("feature_file.before_sync");
  if (::fsync(fd_) != 0) return DiskError("keep a file");
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> file, MappedFile::Open(path_));
  GRAFT_FAILPOINT("feature_file.before_rename");
  if (::rename(path_.c_str(), final_path.c_str()) != 0) return DiskError("keep a file");
  ::close(fd_);
  fd_ = -1;
  return std::make_unique<FeatureShard>(std::move(file), kFeatureFileHeaderBytes);
}

absl::StatusOr<std::unique_ptr<FeatureShard>> OpenFeatureFile(const std::filesystem::path& path,
                                                              const std::string& key,
                                                              const FeatureShape& shape) {
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> file, MappedFile::Open(path));
  const absl::string_view bytes = file->bytes();
  if (bytes.size() != kFeatureFileHeaderBytes + shape.bytes()) {
    return absl::DataLossError("feature cache: a file is not as long as it should be");
  }
  const absl::string_view head = bytes.substr(0, kFeatureFileHeaderBytes);
  if (head.substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError("feature cache: a file is not a feature file");
  }
  const size_t end = head.find('\0');
  const auto header = nlohmann::json::parse(
      head.substr(kMagic.size(), (end == head.npos ? head.size() : end) - kMagic.size()), nullptr,
      /*allow_exceptions=*/false);
  const nlohmann::json expected = {{"key", key},
                                   {"rows", shape.rows},
                                   {"row_shape", shape.row_shape},
                                   {"dtype", "F32"},
                                   {"sha256", Sha256Hex(bytes.substr(kFeatureFileHeaderBytes))}};
  // A discarded value (not JSON) is neither equal nor unequal to anything.
  if (header.is_discarded() || !(header == expected)) {
    return absl::DataLossError("feature cache: a file does not hold what its header says");
  }
  return std::make_unique<FeatureShard>(std::move(file), kFeatureFileHeaderBytes);
}

}  // namespace graft::features
