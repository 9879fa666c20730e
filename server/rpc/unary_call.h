#ifndef GRAFT_SERVER_RPC_UNARY_CALL_H_
#define GRAFT_SERVER_RPC_UNARY_CALL_H_

#include <functional>
#include <memory>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "core/base/thread_pool.h"
#include "core/serving/cancellation.h"
#include "server/api/caller.h"
#include "server/api/gate.h"
#include "server/api/run_handler.h"

namespace graft::server {

// The deadline that the caller set, or absl::InfiniteFuture().
absl::Time CallDeadline(const grpc::CallbackServerContext& context);

// What gRPC tells of a call that went through the interceptor.
CallContext ContextOf(const grpc::CallbackServerContext& context);

// A unary call that is answered later, from any thread, exactly once. Owned by gRPC: it deletes
// itself after the answer is on its way. Request and response stay valid until then.
class PendingCall final : public grpc::ServerUnaryReactor {
 public:
  // `cancel`, if any, is cancelled when the caller goes away.
  explicit PendingCall(std::shared_ptr<serving::CancellationToken> cancel = nullptr)
      : cancel_(std::move(cancel)) {}

  void Answer(const absl::Status& status);

 private:
  void OnCancel() override {
    if (cancel_ != nullptr) cancel_->Cancel();
  }
  void OnDone() override { delete this; }
  // Both of these are short, and called on the thread on which the call ends: handing them to
  // gRPC's executor, as it does otherwise, takes longer than answering a small call.
  bool InternalInlineable() override { return true; }

  const std::shared_ptr<serving::CancellationToken> cancel_;
};

// Runs `work` on `executor` and answers the call with its status, as RunHandler does. A full
// executor answers RESOURCE_EXHAUSTED with a retry delay.
grpc::ServerUnaryReactor* RunOn(ThreadPool& executor, grpc::CallbackServerContext* context,
                                std::function<absl::Status()> work);

// Answers a call of the API with what the handler of `service` says, on this thread: for handlers
// that do next to nothing, as probes ask for, who are not to wait behind others.
template <typename Service, typename Request, typename Response>
grpc::ServerUnaryReactor* CallNow(const Gate& gate, grpc::CallbackServerContext* context,
                                  Service& service,
                                  absl::StatusOr<Response> (Service::*handler)(const Caller&,
                                                                               const Request&),
                                  const Request* request, Response* response) {
  auto* pending = new PendingCall();
  absl::StatusOr<Response> answer = Call(gate, ContextOf(*context), service, handler, *request);
  const absl::Status status = answer.status();
  if (answer.ok()) *response = *std::move(answer);
  pending->Answer(status);
  return pending;
}

// Answers a call of the API with what the handler of `service` says, on `executor`.
template <typename Service, typename Request, typename Response>
grpc::ServerUnaryReactor* CallOn(ThreadPool& executor, const Gate& gate,
                                 grpc::CallbackServerContext* context, Service& service,
                                 absl::StatusOr<Response> (Service::*handler)(const Caller&,
                                                                              const Request&),
                                 const Request* request, Response* response) {
  CallContext call = ContextOf(*context);
  auto* pending = new PendingCall(call.cancel);
  const bool queued = executor.TrySubmit(
      [&gate, &service, handler, request, response, pending, call = std::move(call)] {
        absl::StatusOr<Response> answer = Call(gate, call, service, handler, *request);
        const absl::Status status = answer.status();
        if (answer.ok()) *response = *std::move(answer);
        pending->Answer(status);
      });
  if (!queued) pending->Answer(Overloaded());
  return pending;
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_UNARY_CALL_H_
