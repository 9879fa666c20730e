#include "core/artifacts/blob/local/local_blob_store.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// Begins with '.', which no key's segment does.
constexpr char kStaging[] = ".staging";

absl::Status NotFound(const std::string& key) {
  return absl::NotFoundError(absl::StrCat("no blob '", key, "'"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalBlobStore>> LocalBlobStore::Open(const fs::path& root,
                                                                     bool sweep) {
  std::error_code error;
  if (sweep) fs::remove_all(root / kStaging, error);
  fs::create_directories(root / kStaging, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the blob store's folder: ", error.message()));
  }
  return std::unique_ptr<LocalBlobStore>(new LocalBlobStore(root));
}

absl::Status LocalBlobStore::PutIfAbsent(const std::string& key, absl::string_view bytes) {
  GRAFT_RETURN_IF_ERROR(ValidateBlobKey(key));
  GRAFT_ASSIGN_OR_RETURN(const TempDirectory staging,
                         TempDirectory::Create(root_ / kStaging, "put-"));
  const fs::path staged = staging.path() / "blob";
  GRAFT_RETURN_IF_ERROR(Annotate(WriteFileAtomically(staged, bytes), "cannot store a blob"));
  return LinkIntoPlace(staged, key);
}

absl::Status LocalBlobStore::PutFileIfAbsent(const std::string& key, const fs::path& file) {
  GRAFT_RETURN_IF_ERROR(ValidateBlobKey(key));
  GRAFT_ASSIGN_OR_RETURN(const TempDirectory staging,
                         TempDirectory::Create(root_ / kStaging, "put-"));
  const fs::path staged = staging.path() / "blob";
  std::error_code error;
  fs::create_hard_link(file, staged, error);
  if (error) {  // another file system
    fs::copy_file(file, staged, error);
    if (error == std::errc::no_space_on_device) {
      return absl::ResourceExhaustedError("cannot store a blob: no space left");
    }
    if (error) return absl::InternalError(absl::StrCat("cannot store a blob: ", error.message()));
  }
  const int fd = ::open(staged.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::InternalError("cannot open a staged blob");
  const int synced = ::fsync(fd);
  ::close(fd);
  if (synced != 0) return absl::InternalError("cannot sync a staged blob");
  return LinkIntoPlace(staged, key);
}

absl::Status LocalBlobStore::LinkIntoPlace(const fs::path& staged, const std::string& key) {
  const fs::path target = root_ / key;
  // A concurrent Delete may remove the folder between these two steps: then once more.
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) return absl::InternalError(absl::StrCat("cannot store a blob: ", error.message()));
    if (::link(staged.c_str(), target.c_str()) == 0) {
      // Each folder that may be new must survive power loss with its entry.
      for (fs::path folder = target.parent_path();; folder = folder.parent_path()) {
        const absl::Status synced = SyncDirectory(folder);
        if (!synced.ok() && !absl::IsNotFound(synced)) return synced;
        if (folder == root_ || folder == folder.parent_path()) break;
      }
      return absl::OkStatus();
    }
    if (errno == EEXIST) {
      return absl::AlreadyExistsError(absl::StrCat("blob '", key, "' is there already"));
    }
    if (errno == ENOSPC || errno == EDQUOT) {
      return absl::ResourceExhaustedError("cannot store a blob: no space left");
    }
    if (errno != ENOENT) break;
  }
  return absl::InternalError(absl::StrCat("cannot store blob '", key, "'"));
}

absl::StatusOr<std::string> LocalBlobStore::Get(const std::string& key, uint64_t max_bytes) {
  GRAFT_RETURN_IF_ERROR(ValidateBlobKey(key));
  absl::StatusOr<std::string> bytes = ReadFile(root_ / key, max_bytes);
  if (absl::IsNotFound(bytes.status())) return NotFound(key);
  if (!bytes.ok()) return Annotate(bytes.status(), absl::StrCat("blob '", key, "'"));
  return bytes;
}

absl::StatusOr<std::string> LocalBlobStore::GetRange(const std::string& key, uint64_t offset,
                                                     uint64_t length) {
  GRAFT_ASSIGN_OR_RETURN(const uint64_t size, Size(key));
  if (offset > size || length > size - offset) {
    return absl::OutOfRangeError(absl::StrCat("blob '", key, "' has ", size, " bytes"));
  }
  const int fd = ::open((root_ / key).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NotFound(key);
  const absl::Cleanup close_fd = [fd] { ::close(fd); };
  std::string bytes(length, '\0');
  uint64_t have = 0;
  while (have < length) {
    const ssize_t read =
        ::pread(fd, bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) return absl::DataLossError(absl::StrCat("cannot read blob '", key, "'"));
    have += static_cast<uint64_t>(read);
  }
  return bytes;
}

absl::StatusOr<uint64_t> LocalBlobStore::Size(const std::string& key) {
  GRAFT_RETURN_IF_ERROR(ValidateBlobKey(key));
  std::error_code error;
  if (!fs::is_regular_file(root_ / key, error)) return NotFound(key);
  const uint64_t size = fs::file_size(root_ / key, error);
  if (error) return NotFound(key);
  return size;
}

absl::StatusOr<std::vector<std::string>> LocalBlobStore::List(const std::string& prefix,
                                                              const std::string& start_after,
                                                              size_t limit) {
  // The deepest folder that all such keys share; the prefix itself may end inside a segment.
  const size_t slash = prefix.rfind('/');
  const fs::path below = slash == std::string::npos ? root_ : root_ / prefix.substr(0, slash);
  std::vector<std::string> keys;
  std::error_code error;
  fs::recursive_directory_iterator it(below, error);
  if (error == std::errc::no_such_file_or_directory) return keys;
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it.depth() == 0 && it->path().filename() == kStaging) {
      it.disable_recursion_pending();
      continue;
    }
    std::error_code entry_error;
    if (!it->is_regular_file(entry_error)) continue;
    std::string key = it->path().lexically_relative(root_).generic_string();
    if (absl::StartsWith(key, prefix) && key > start_after) keys.push_back(std::move(key));
  }
  // A folder that a concurrent Delete removed under the iterator ends nothing but that folder.
  if (error && error != std::errc::no_such_file_or_directory) {
    return absl::InternalError(absl::StrCat("cannot list blobs: ", error.message()));
  }
  std::sort(keys.begin(), keys.end());
  if (keys.size() > limit) keys.resize(limit);
  return keys;
}

absl::Status LocalBlobStore::Delete(const std::string& key) {
  GRAFT_RETURN_IF_ERROR(ValidateBlobKey(key));
  const fs::path path = root_ / key;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    return absl::InternalError(absl::StrCat("cannot delete blob '", key, "'"));
  }
  // Empty folders go too; rmdir refuses those that are not.
  for (fs::path folder = path.parent_path(); folder != root_; folder = folder.parent_path()) {
    if (::rmdir(folder.c_str()) != 0) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<fs::path>> LocalBlobStore::LocalPath(const std::string& key) {
  GRAFT_RETURN_IF_ERROR(Size(key).status());
  return std::optional<fs::path>(root_ / key);
}

}  // namespace graft
