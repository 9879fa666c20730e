#include "core/base/files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "core/base/failpoint.h"
#include "core/base/status_macros.h"

namespace graft {
namespace {

absl::Status ErrnoStatus(absl::string_view what) {
  const int error = errno;
  const std::string message = absl::StrCat(what, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus("cannot write file");
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open file");
  const absl::Cleanup close_fd = [fd] { ::close(fd); };
  struct stat info;
  if (::fstat(fd, &info) != 0) return ErrnoStatus("cannot stat file");
  if (static_cast<uint64_t>(info.st_size) > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("file has ", info.st_size, " bytes, at most ", max_bytes, " are allowed"));
  }
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t read = ::read(fd, bytes.data() + have, bytes.size() - have);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0)
      return absl::DataLossError(absl::StrCat("cannot read file: ", std::strerror(errno)));
    if (read == 0) break;
    have += static_cast<size_t>(read);
  }
  bytes.resize(have);
  return bytes;
}

absl::Status WriteFileAtomically(const std::filesystem::path& path, absl::string_view bytes) {
  std::string temporary = absl::StrCat(path.string(), ".XXXXXX");
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot create file");
  absl::Cleanup remove_temporary = [&] { ::unlink(temporary.c_str()); };
  absl::Cleanup close_fd = [fd] { ::close(fd); };
  GRAFT_FAILPOINT("file.before_write");
  GRAFT_RETURN_IF_ERROR(WriteAll(fd, bytes));
  GRAFT_FAILPOINT("file.before_sync");
  if (::fsync(fd) != 0) return ErrnoStatus("cannot sync file");
  std::move(close_fd).Invoke();
  GRAFT_FAILPOINT("file.before_rename");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return ErrnoStatus("cannot rename file");
  std::move(remove_temporary).Cancel();
  GRAFT_FAILPOINT("file.after_rename");
  return SyncDirectory(path.parent_path());
}

absl::Status SyncDirectory(const std::filesystem::path& directory) {
  const std::string name = directory.empty() ? "." : directory.string();
  const int fd = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open folder");
  const absl::Cleanup close_fd = [fd] { ::close(fd); };
  if (::fsync(fd) != 0) return ErrnoStatus("cannot sync folder");
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FreeDiskBytes(const std::filesystem::path& path) {
  struct statvfs info;
  if (::statvfs(path.c_str(), &info) != 0) return ErrnoStatus("cannot stat file system");
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

absl::StatusOr<TempDirectory> TempDirectory::Create(const std::filesystem::path& parent,
                                                    absl::string_view prefix) {
  std::filesystem::path root = parent;
  if (root.empty()) {
    std::error_code error;
    root = std::filesystem::temp_directory_path(error);
    if (error) return absl::InternalError("no temporary folder on this machine");
  }
  std::string name = (root / absl::StrCat(prefix, "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) return ErrnoStatus("cannot create a temporary folder");
  return TempDirectory(name);
}

TempDirectory::TempDirectory(TempDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TempDirectory& TempDirectory::operator=(TempDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempDirectory::~TempDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<std::unique_ptr<MappedFile>> MappedFile::Open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open file");
  const absl::Cleanup close_fd = [fd] { ::close(fd); };
  struct stat info;
  if (::fstat(fd, &info) != 0) return ErrnoStatus("cannot stat file");
  const size_t size = static_cast<size_t>(info.st_size);
  if (size == 0) return std::unique_ptr<MappedFile>(new MappedFile(nullptr, 0));
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return ErrnoStatus("cannot map file");
  return std::unique_ptr<MappedFile>(new MappedFile(static_cast<const char*>(data), size));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace graft
