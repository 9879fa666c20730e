#include "server/rpc/unary_call.h"

#include <utility>

#include "server/rpc/peer_address.h"
#include "server/rpc/rpc_interceptor.h"
#include "wire/status.h"

namespace graft::server {

absl::Time CallDeadline(const grpc::CallbackServerContext& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

CallContext ContextOf(const grpc::CallbackServerContext& context) {
  CallContext call;
  call.peer = PeerAddress(context.peer());
  call.request_id = RequestId(context);
  call.deadline = CallDeadline(context);
  return call;
}

void PendingCall::Answer(const absl::Status& status) { Finish(wire::ToGrpcStatus(status)); }

grpc::ServerUnaryReactor* RunOn(ThreadPool& executor, grpc::CallbackServerContext* context,
                                std::function<absl::Status()> work) {
  CallContext call = ContextOf(*context);
  auto* pending = new PendingCall(call.cancel);
  const bool queued = executor.TrySubmit([pending, call = std::move(call), work = std::move(work)] {
    pending->Answer(RunHandler(call, work));
  });
  if (!queued) pending->Answer(Overloaded());
  return pending;
}

}  // namespace graft::server
