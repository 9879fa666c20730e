#include "server/app/data_folder.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;

struct KnownType {
  int64_t type;  // of statfs(2) and linux/magic.h
  const char* name;
  bool hard_links;
  bool sockets;
  bool network;
};

constexpr KnownType kKnownTypes[] = {
    {0x4d44, "FAT", false, false, false},    {0x2011bab0, "exFAT", false, false, false},
    {0x517b, "SMB", false, false, true},     {0xff534d42, "CIFS", false, false, true},
    {0xfe534d42, "SMB", false, false, true}, {0x6969, "NFS", true, true, true},
    {0x01021997, "9p", true, true, true},    {0x00c36400, "Ceph", true, true, true},
    {0x5346414f, "AFS", true, true, true},   {0x0bd00bd0, "Lustre", true, true, true},
};

// "the file system (exFAT)".
std::string Called(const FileSystemTraits& traits) {
  return traits.name.empty() ? "the file system"
                             : absl::StrCat("the file system (", traits.name, ")");
}

// Whether an error says that such a thing cannot be there at all.
bool IsUnsupported(int error) {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK ||
         error == EINVAL;
}

bool CanLink(const fs::path& folder) {
  const fs::path from = folder / "a";
  const int descriptor = open(from.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return true;  // something else is wrong, and will be said
  close(descriptor);
  return link(from.c_str(), (folder / "b").c_str()) == 0 || !IsUnsupported(errno);
}

bool CanBind(const fs::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / "s").string();
  if (path.size() >= sizeof(address.sun_path)) return true;  // cannot be tried
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return true;
  const auto close_it = absl::MakeCleanup([descriptor] { close(descriptor); });
  return bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
         !IsUnsupported(errno);
}

}  // namespace

FileSystemTraits TraitsOfType(int64_t type) {
  for (const KnownType& known : kKnownTypes) {
    if (known.type == type) return {known.name, known.hard_links, known.sockets, known.network};
  }
  return {};
}

absl::StatusOr<FileSystemTraits> InspectFileSystem(const fs::path& folder) {
  struct statfs info {};
  if (statfs(folder.c_str(), &info) != 0) {
    return absl::InternalError(
        absl::StrCat("the file system cannot be asked what it is: ", std::strerror(errno)));
  }
  // The field is signed on some machines, and the numbers have 32 bits.
  return TraitsOfType(static_cast<int64_t>(static_cast<uint32_t>(info.f_type)));
}

absl::StatusOr<FileSystemTraits> ProbeFileSystem(const fs::path& folder) {
  GRAFT_ASSIGN_OR_RETURN(FileSystemTraits traits, InspectFileSystem(folder));
  GRAFT_ASSIGN_OR_RETURN(const TempDirectory scratch, TempDirectory::Create(folder, ".try-"));
  traits.hard_links = CanLink(scratch.path());
  traits.sockets = CanBind(scratch.path());
  return traits;
}

absl::Status CheckTraits(const FileSystemTraits& data, const FileSystemTraits& socket) {
  if (!data.hard_links) {
    return absl::FailedPreconditionError(
        absl::StrCat("--data-dir: ", Called(data),
                     " has no hard links, without which files could be lost or seen in part; use "
                     "one such as ext4, XFS or Btrfs"));
  }
  if (!socket.sockets) {
    return absl::FailedPreconditionError(
        absl::StrCat("--worker-socket: ", Called(socket),
                     " has no Unix sockets; choose a path on another, such as "
                     "/run/graft/worker.sock"));
  }
  return absl::OkStatus();
}

std::vector<std::string> WarningsOf(const FileSystemTraits& data) {
  if (!data.network) return {};
  return {absl::StrCat(
      "--data-dir: ", Called(data),
      " is a network's: SQLite's locks and its promise that what was answered survives a crash are "
      "no better than the file server's, and each write waits for it; a local disk is safer and "
      "faster")};
}

}  // namespace graft::server
