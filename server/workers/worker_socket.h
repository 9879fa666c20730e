#ifndef GRAFT_SERVER_WORKERS_WORKER_SOCKET_H_
#define GRAFT_SERVER_WORKERS_WORKER_SOCKET_H_

#include <filesystem>

#include "absl/status/status.h"

#include "server/config/config.h"

namespace graft::server {

// Where the workers' listener is.
std::filesystem::path WorkerSocket(const ServerConfig& config);

// Whether a socket can be made there: its path is short enough, and what stands there, if anything,
// is a socket. INVALID_ARGUMENT names --worker-socket.
absl::Status CheckWorkerSocket(const std::filesystem::path& socket);

// Removes the socket that a killed server left. FAILED_PRECONDITION when somebody still accepts on
// it; INVALID_ARGUMENT, and nothing is removed, when it is no socket.
absl::Status ClearWorkerSocket(const std::filesystem::path& socket);

}  // namespace graft::server

#endif  // GRAFT_SERVER_WORKERS_WORKER_SOCKET_H_
