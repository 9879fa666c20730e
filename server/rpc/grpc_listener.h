#ifndef GRAFT_SERVER_RPC_GRPC_LISTENER_H_
#define GRAFT_SERVER_RPC_GRPC_LISTENER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace graft::server {

// A running gRPC server and its port.
class GrpcListener {
 public:
  struct Options {
    // "127.0.0.1:50051", "[::1]:0", "unix:/path".
    std::string address;
    // By full name, "graft.v1.FineTuneService"; borrowed.
    std::vector<std::pair<std::string, grpc::Service*>> services;
    std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> interceptors;
    uint64_t max_message_bytes = 4 << 20;
    int max_concurrent_streams = 100;
    uint64_t memory_bytes = uint64_t{512} << 20;
    absl::Duration max_connection_idle = absl::InfiniteDuration();
    // Tells clients what services there are (grpcurl).
    bool reflection = false;
  };

  // UNAVAILABLE when the address is taken or cannot be had.
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Start(Options options);
  ~GrpcListener();  // stops at once

  // 0 for a Unix socket.
  int port() const { return port_; }

  // What grpc.health.v1 answers, for the server as a whole and each of its services.
  void SetHealth(bool serving);

  // Takes no new calls and waits for those under way; after `timeout` they are cancelled.
  void Shutdown(absl::Duration timeout);

 private:
  GrpcListener() = default;

  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> service_names_;
  int port_ = 0;
};

// "host:port", with brackets round an IPv6 address.
std::string HostPort(const std::string& address, int port);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_GRPC_LISTENER_H_
