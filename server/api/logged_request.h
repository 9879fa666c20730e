#ifndef GRAFT_SERVER_API_LOGGED_REQUEST_H_
#define GRAFT_SERVER_API_LOGGED_REQUEST_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "graft/v1/prediction.pb.h"

#include "core/base/clock.h"
#include "core/serving/prediction.h"
#include "server/api/caller.h"
#include "server/request_log/request_log.h"

namespace graft::server {

// The line of one request on its way to the request log. For one thread at a time.
class LoggedRequest {
 public:
  // Null where the request is not to be logged: there is no log (null), or the request is not among
  // its share.
  static std::shared_ptr<LoggedRequest> Begin(RequestLog* log, Clock* clock, const Caller& caller,
                                              absl::string_view method);

  // What is asked; of a request that could not be read this is not known.
  void Ask(const serving::PredictRequest& request);
  void Ask(const v1::ExplainRequest& request);

  // What came of it. Writes the line; to be called once, and last.
  void End(const absl::Status& status);
  void End(const absl::StatusOr<serving::PredictResponse>& result);
  void End(const absl::StatusOr<v1::ExplainResponse>& response);

 private:
  LoggedRequest(RequestLog* log, Clock* clock)
      : log_(log), clock_(clock), begun_(clock->Monotonic()) {}
  void AskModel(const std::string& model, int64_t version);

  RequestLog* const log_;
  Clock* const clock_;
  const absl::Duration begun_;
  RequestLine line_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_LOGGED_REQUEST_H_
