#ifndef GRAFT_SERVER_UNARY_CALL_H_
#define GRAFT_SERVER_UNARY_CALL_H_

#include <functional>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "core/base/thread_pool.h"

namespace graft {

// The deadline that the caller set, or absl::InfiniteFuture().
absl::Time CallDeadline(const grpc::CallbackServerContext& context);

// A unary call that is answered later, from any thread, exactly once. Owned by gRPC: it deletes
// itself after the answer is on its way. Request and response stay valid until then.
class PendingCall final : public grpc::ServerUnaryReactor {
 public:
  void Answer(const absl::Status& status);

 private:
  void OnDone() override { delete this; }
};

// Runs `work` on `executor` and answers the call with its status. `work` is not begun for a caller
// who went away or whose deadline passed while it waited. A full executor answers
// RESOURCE_EXHAUSTED with a retry delay; an exception out of `work` becomes INTERNAL, running out
// of memory RESOURCE_EXHAUSTED.
grpc::ServerUnaryReactor* RunOn(ThreadPool& executor, grpc::CallbackServerContext* context,
                                std::function<absl::Status()> work);

// `work`, with exceptions turned into a Status as above.
absl::Status CatchExceptions(const std::function<absl::Status()>& work);

// `status` with a reason and a delay to retry after, where the store said what ran out.
absl::Status ExplainExhausted(absl::Status status);

// What a full executor answers.
absl::Status Overloaded();

}  // namespace graft

#endif  // GRAFT_SERVER_UNARY_CALL_H_
