#ifndef GRAFT_SERVER_RPC_RPC_INTERCEPTOR_H_
#define GRAFT_SERVER_RPC_RPC_INTERCEPTOR_H_

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_interceptor.h>

#include "absl/strings/string_view.h"

#include "core/base/clock.h"
#include "core/base/ids.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"
#include "server/base/request_id.h"

namespace graft::server {

// Where what is seen of calls goes. All pointers must outlive the grpc::Server.
struct RpcObservation {
  telemetry::Metrics* metrics = nullptr;  // null: calls are not counted
  const wire::Logger* logger = nullptr;
  Clock* clock = nullptr;
  IdGenerator* ids = nullptr;
  // Cut out of error messages and their details (hide_folders.h).
  std::vector<std::string> private_folders;
  // By full name. Only their methods, and gRPC's own, name a series: what else a client asks for is
  // its own text, and counts as "other".
  std::vector<std::string> services;
};

// Takes what must hold for every RPC out of the RPCs: duration and code into graft_rpc_seconds, one
// log line, a request id, and no path of the server's in a message or its details.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcInterceptors(
    const RpcObservation& observation);

// The request id of a call that went through the interceptor.
std::string RequestId(const grpc::ServerContextBase& context);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_RPC_INTERCEPTOR_H_
