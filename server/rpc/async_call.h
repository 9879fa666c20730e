#ifndef GRAFT_SERVER_RPC_ASYNC_CALL_H_
#define GRAFT_SERVER_RPC_ASYNC_CALL_H_

#include <functional>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"

#include "server/api/gate.h"
#include "server/rpc/unary_call.h"

namespace graft::server {

// A unary call over gRPC whose handler takes a callback: answered without a thread of its own. A
// caller who goes away takes the request back. `service` hears of calls that are not let in, by
// OnRefused. gRPC owns the reactor; `service` must outlive it.
template <typename Service, typename Request, typename Response>
grpc::ServerUnaryReactor* CallAsync(
    const Gate& gate, grpc::CallbackServerContext* context, Service& service,
    void (Service::*handler)(const Caller&, Request, std::function<void(absl::StatusOr<Response>)>),
    const Request* request, Response* response) {
  CallContext call = ContextOf(*context);
  auto* pending = new PendingCall(call.cancel);
  const absl::StatusOr<Caller> caller = gate.Admit(std::move(call), *request);
  if (!caller.ok()) {
    service.OnRefused(*request, caller.status());
    pending->Answer(caller.status());
    return pending;
  }
  // The images are moved out of the message: gRPC hands it over as const, but keeps it for this
  // call alone, and nobody reads it again.
  (service.*handler)(*caller, std::move(const_cast<Request&>(*request)),
                     [pending, response](absl::StatusOr<Response> answer) {
                       const absl::Status status = answer.status();
                       if (answer.ok()) *response = *std::move(answer);
                       pending->Answer(status);
                     });
  return pending;
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_ASYNC_CALL_H_
