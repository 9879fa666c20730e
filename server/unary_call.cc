#include "server/unary_call.h"

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "core/store/exhausted.h"
#include "wire/status.h"

namespace graft {

absl::Time CallDeadline(const grpc::CallbackServerContext& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

void PendingCall::Answer(const absl::Status& status) { Finish(ToGrpcStatus(status)); }

absl::Status CatchExceptions(const std::function<absl::Status()>& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return WithReason(absl::ResourceExhaustedError("the server is out of memory for this request"),
                      "OUT_OF_MEMORY");
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("unexpected: ", error.what()));
  }
}

absl::Status ExplainExhausted(absl::Status status) {
  const std::string what = ErrorReason(status);
  if (what != kQueueFull && what != kDiskFull && what != kOutOfMemory) return status;
  return WithRetryDelay(std::move(status),
                        what == kOutOfMemory ? absl::Seconds(5) : absl::Seconds(30));
}

absl::Status Overloaded() {
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError("too many calls are waiting; try again shortly"),
                 "SERVER_BUSY"),
      absl::Seconds(1));
}

grpc::ServerUnaryReactor* RunOn(Executor& executor, grpc::CallbackServerContext* context,
                                std::function<absl::Status()> work) {
  auto* call = new PendingCall;
  const bool queued = executor.TrySubmit([call, context, work = std::move(work)] {
    if (context->IsCancelled()) return call->Answer(absl::CancelledError("the caller went away"));
    if (CallDeadline(*context) <= absl::Now()) {
      return call->Answer(absl::DeadlineExceededError("the deadline passed while waiting"));
    }
    call->Answer(ExplainExhausted(CatchExceptions(work)));
  });
  if (!queued) call->Answer(Overloaded());
  return call;
}

}  // namespace graft
