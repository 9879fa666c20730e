#include "server/workers/worker_socket.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;

// sockaddr_un holds 108 bytes with the final zero.
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

bool SomebodyAccepts(const fs::path& socket_path) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const auto close_it = absl::MakeCleanup([&] { close(descriptor); });
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.string().size());
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return true;
  }
  return errno == EAGAIN || errno == EINPROGRESS;  // its queue is full
}

}  // namespace

fs::path WorkerSocket(const ServerConfig& config) {
  return fs::absolute(config.worker_socket.empty() ? config.data_dir / "worker.sock"
                                                   : config.worker_socket)
      .lexically_normal();
}

absl::Status CheckWorkerSocket(const fs::path& socket) {
  if (socket.string().size() > kMaxSocketPath) {
    return absl::InvalidArgumentError(absl::StrCat("--worker-socket: its path may have ",
                                                   kMaxSocketPath,
                                                   " characters; choose a shorter one"));
  }
  std::error_code error;
  const fs::file_status status = fs::symlink_status(socket, error);
  if (fs::exists(status) && !fs::is_socket(status)) {
    return absl::InvalidArgumentError(
        "--worker-socket: there is something else than a socket; remove it, or choose another");
  }
  return absl::OkStatus();
}

absl::Status ClearWorkerSocket(const fs::path& socket) {
  GRAFT_RETURN_IF_ERROR(CheckWorkerSocket(socket));
  std::error_code error;
  if (!fs::exists(fs::symlink_status(socket, error))) return absl::OkStatus();
  if (SomebodyAccepts(socket)) {
    return absl::FailedPreconditionError(
        "--worker-socket: another process listens there; stop it, or choose another");
  }
  fs::remove(socket, error);
  return absl::OkStatus();
}

}  // namespace graft::server
