#include "core/data/packed_file.h"

#include <cerrno>
#include <unistd.h>

#include "core/base/status_macros.h"

namespace graft::data {
namespace {

absl::Status Failed() {
  if (errno == ENOSPC || errno == EDQUOT) {
    return absl::ResourceExhaustedError("the server's disk is full");
  }
  return absl::InternalError("cannot write the dataset's image file");
}

}  // namespace

absl::StatusOr<PackedFile> PackedFile::Create(const std::filesystem::path& path,
                                              DiskReserve reserve) {
  std::FILE* file = std::fopen(path.c_str(), "wxbe");
  if (file == nullptr) return absl::InternalError("cannot create the dataset's image file");
  return PackedFile(file, std::move(reserve));
}

absl::Status PackedFile::Append(absl::string_view bytes) {
  GRAFT_RETURN_IF_ERROR(reserve_.Spend(bytes.size()));
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) return Failed();
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status PackedFile::Sync() {
  if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0) return Failed();
  return absl::OkStatus();
}

}  // namespace graft::data
