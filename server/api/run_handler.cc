#include "server/api/run_handler.h"

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/store/exhausted.h"

namespace graft::server {

absl::Status CatchExceptions(const std::function<absl::Status()>& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return WithReason(absl::ResourceExhaustedError("the server is out of memory for this request"),
                      reasons::kOutOfMemory);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("unexpected: ", error.what()));
  }
}

absl::Status ExplainExhausted(absl::Status status) {
  const std::string what = ErrorReason(status);
  if (what != reasons::kQueueFull && what != reasons::kDiskFull && what != reasons::kOutOfMemory)
    return status;
  return WithRetryDelay(std::move(status),
                        what == reasons::kOutOfMemory ? absl::Seconds(5) : absl::Seconds(30));
}

absl::Status Overloaded() {
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError("too many calls are waiting; try again shortly"),
                 reasons::kServerBusy),
      absl::Seconds(1));
}

absl::Status RunHandler(const CallContext& context, const std::function<absl::Status()>& work) {
  if (context.cancel->cancelled()) return absl::CancelledError("the caller went away");
  if (context.deadline <= absl::Now()) {
    return absl::DeadlineExceededError("the deadline passed while waiting");
  }
  return ExplainExhausted(CatchExceptions(work));
}

}  // namespace graft::server
