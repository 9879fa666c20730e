#include "core/artifacts/blob/local/local_blob_store.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/failpoint.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace graft::artifacts {
namespace {

namespace fs = std::filesystem;

// Begins with '.', which no key's segment does.
constexpr char kStaging[] = ".staging";

absl::Status NotFound(const std::string& key) {
  return absl::NotFoundError(absl::StrCat("no blob '", key, "'"));
}

absl::Status CannotStore(const std::error_code& error) {
  if (error.value() == ENOSPC || error.value() == EDQUOT) {
    return absl::ResourceExhaustedError("cannot store a blob: no space left");
  }
  return absl::InternalError(absl::StrCat("cannot store a blob: ", error.message()));
}

std::error_code LastError() { return {errno, std::system_category()}; }

// std::filesystem::copy_file calls a disk that fills up on the way an input/output error.
absl::Status CopyFile(const fs::path& from, const fs::path& to) {
  const int in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return CannotStore(LastError());
  const absl::Cleanup close_in = [in] { ::close(in); };
  const int out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (out < 0) return CannotStore(LastError());
  const absl::Cleanup close_out = [out] { ::close(out); };
  std::vector<char> buffer(1 << 20);
  while (true) {
    const ssize_t have = ::read(in, buffer.data(), buffer.size());
    if (have < 0 && errno == EINTR) continue;
    if (have < 0) return CannotStore(LastError());
    if (have == 0) return absl::OkStatus();
    for (ssize_t done = 0; done < have;) {
      const ssize_t written = ::write(out, buffer.data() + done, static_cast<size_t>(have - done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return CannotStore(LastError());
      done += written;
    }
  }
}

absl::Status KeyIsFolder(const std::string& key) {
  return absl::FailedPreconditionError(
      absl::StrCat("blob '", key, "' cannot be beside blobs that use a key as a folder"));
}

bool IsGone(const std::error_code& error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

struct Listing {
  const std::string& prefix;
  const std::string& start_after;
  const size_t limit;
  std::vector<std::string> keys;
};

// Whether `name`, a key or (with '/' at its end) the beginning of several, can matter.
bool Matters(const std::string& name, const Listing& listing) {
  const bool folder = name.back() == '/';
  if (folder) {
    return (absl::StartsWith(name, listing.prefix) || absl::StartsWith(listing.prefix, name)) &&
           (name > listing.start_after || absl::StartsWith(listing.start_after, name));
  }
  return absl::StartsWith(name, listing.prefix) && name > listing.start_after;
}

// Appends the keys in `folder`, which all begin with `base`, in order until the limit.
absl::Status ListFolder(const fs::path& folder, const std::string& base, Listing& listing) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    std::string name = it->path().filename().string();
    // Neither the staging folder nor what an administrator left, like lost+found, is a key.
    if (!ValidateBlobKey(name).ok()) continue;
    std::error_code gone;
    const fs::file_type type = it->symlink_status(gone).type();
    if (type != fs::file_type::directory && type != fs::file_type::regular) continue;
    name = absl::StrCat(base, name, type == fs::file_type::directory ? "/" : "");
    if (Matters(name, listing)) names.push_back(std::move(name));
  }
  // A folder that a concurrent Delete removed has no keys.
  if (error && !IsGone(error)) {
    return absl::InternalError(absl::StrCat("cannot list blobs: ", error.message()));
  }
  // With '/' behind folders this is the order of the keys, so a page reads no more than it needs.
  std::sort(names.begin(), names.end());
  for (std::string& name : names) {
    if (listing.keys.size() >= listing.limit) break;
    if (name.back() != '/') {
      listing.keys.push_back(std::move(name));
      continue;
    }
    const std::string child = name.substr(base.size(), name.size() - base.size() - 1);
    GRAFT_RETURN_IF_ERROR(ListFolder(folder / child, name, listing));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalBlobStore>> LocalBlobStore::Open(const fs::path& root,
                                                                     bool sweep) {
  std::error_code error;
  // Absolute and without a '/' at its end: folders are compared with it.
  fs::path folder = fs::absolute(root, error).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (sweep && !error) fs::remove_all(folder / kStaging, error);
  if (!error) fs::create_directories(folder / kStaging, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the blob store's folder: ", error.message()));
  }
  return std::unique_ptr<LocalBlobStore>(new LocalBlobStore(std::move(folder)));
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
  const fs::file_type type = fs::symlink_status(file, error).type();
  if (type == fs::file_type::not_found) {
    return absl::NotFoundError("cannot store a blob: no such file");
  }
  // A link to a symbolic link would be one too.
  if (type == fs::file_type::regular) fs::create_hard_link(file, staged, error);
  if (type != fs::file_type::regular || error) {  // or the file is on another file system
    GRAFT_RETURN_IF_ERROR(CopyFile(file, staged));
  }
  GRAFT_FAILPOINT("blob.put_file.before_sync");
  const int fd = ::open(staged.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotStore(LastError());
  const std::error_code sync_error = ::fsync(fd) == 0 ? std::error_code() : LastError();
  ::close(fd);
  if (sync_error) return CannotStore(sync_error);
  return LinkIntoPlace(staged, key);
}

absl::Status LocalBlobStore::LinkIntoPlace(const fs::path& staged, const std::string& key) {
  GRAFT_FAILPOINT("blob.put.before_link");
  const fs::path target = root_ / key;
  // A concurrent Delete may remove the folder between these two steps: then once more.
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error == std::errc::no_such_file_or_directory) continue;
    if (error == std::errc::not_a_directory || error == std::errc::file_exists) {
      return KeyIsFolder(key);
    }
    if (error) return CannotStore(error);
    if (::link(staged.c_str(), target.c_str()) == 0) {
      GRAFT_FAILPOINT("blob.put.after_link");
      // Each folder that may be new must survive power loss with its entry.
      for (fs::path folder = target.parent_path();; folder = folder.parent_path()) {
        const absl::Status synced = SyncDirectory(folder);
        if (!synced.ok() && !absl::IsNotFound(synced)) return synced;
        if (folder == root_) break;
      }
      return absl::OkStatus();
    }
    error = LastError();
    if (error == std::errc::file_exists) {
      if (fs::is_directory(target, error)) return KeyIsFolder(key);
      return absl::AlreadyExistsError(absl::StrCat("blob '", key, "' is there already"));
    }
    if (error != std::errc::no_such_file_or_directory) return CannotStore(error);
  }
  return absl::AbortedError(absl::StrCat("cannot store blob '", key, "' while others delete"));
}

absl::StatusOr<std::string> LocalBlobStore::Get(const std::string& key, uint64_t max_bytes) {
  GRAFT_RETURN_IF_ERROR(Size(key).status());  // a folder is no blob
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
  GRAFT_RETURN_IF_ERROR(ValidateBlobPrefix(prefix));
  // From the deepest folder that all such keys share; the prefix may end inside a segment.
  const size_t slash = prefix.rfind('/');
  const std::string base = slash == std::string::npos ? "" : prefix.substr(0, slash + 1);
  Listing listing{prefix, start_after, limit, {}};
  GRAFT_RETURN_IF_ERROR(ListFolder(root_ / base, base, listing));
  return std::move(listing.keys);
}

absl::Status LocalBlobStore::Delete(const std::string& key) {
  GRAFT_RETURN_IF_ERROR(ValidateBlobKey(key));
  GRAFT_FAILPOINT("blob.delete.before");
  const fs::path path = root_ / key;
  if (::unlink(path.c_str()) != 0) {
    const std::error_code error = LastError();
    if (error == std::errc::is_a_directory) return absl::OkStatus();  // no blob
    if (!IsGone(error)) {
      return absl::InternalError(absl::StrCat("cannot delete blob '", key, "': ", error.message()));
    }
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

}  // namespace graft::artifacts
