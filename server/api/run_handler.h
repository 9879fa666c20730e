#ifndef GRAFT_SERVER_API_RUN_HANDLER_H_
#define GRAFT_SERVER_API_RUN_HANDLER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/base/status_macros.h"
#include "server/api/caller.h"
#include "server/api/gate.h"

namespace graft::server {

// What holds for every handler that blocks, so that none repeats it. Pure but for `work`.

// `work` with exceptions turned into a Status: INTERNAL, or RESOURCE_EXHAUSTED where memory ran
// out.
absl::Status CatchExceptions(const std::function<absl::Status()>& work);

// `status` with a reason and a delay to retry after, where the store said what ran out.
absl::Status ExplainExhausted(absl::Status status);

// What a call gets that finds too many others waiting.
absl::Status Overloaded();

// Runs `work` for a call that may have waited: CANCELLED or DEADLINE_EXCEEDED, and it is not begun,
// where the caller went away or the time is over; else its status, with both of the above.
absl::Status RunHandler(const CallContext& context, const std::function<absl::Status()>& work);

// One unary call of the API from the gate to the answer, on this thread: what a transport does with
// a request that it has read.
template <typename Service, typename Request, typename Response>
absl::StatusOr<Response> Call(const Gate& gate, const CallContext& context, Service& service,
                              absl::StatusOr<Response> (Service::*handler)(const Caller&,
                                                                           const Request&),
                              const Request& request) {
  absl::StatusOr<Response> response = absl::InternalError("not run");
  const absl::Status status = RunHandler(context, [&]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const Caller caller, gate.Admit(context, request));
    response = (service.*handler)(caller, request);
    return response.status();
  });
  if (!status.ok()) return status;
  return response;
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_RUN_HANDLER_H_
