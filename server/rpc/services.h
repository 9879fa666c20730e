#ifndef GRAFT_SERVER_RPC_SERVICES_H_
#define GRAFT_SERVER_RPC_SERVICES_H_

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/impl/service_type.h>

#include "core/base/thread_pool.h"
#include "server/api/api.h"

namespace graft::server {

// The API over gRPC: each method reads what gRPC tells of the call and hands its request on. What
// holds for every call (request id, log, metrics, no paths in errors) is the interceptor's.

struct RpcService {
  std::string name;  // "graft.v1.FineTuneService"
  std::unique_ptr<grpc::Service> service;
};

// Where handlers run that block. Apart by kind, so that none waits for another's. Borrowed.
struct RpcThreads {
  ThreadPool* executor = nullptr;  // all others
  ThreadPool* waiting = nullptr;   // those that wait for a model to be loaded
};

// One for each service of `api` that is not null. Everything is borrowed.
std::vector<RpcService> MakeRpcServices(const Api& api, const RpcThreads& threads);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_SERVICES_H_
