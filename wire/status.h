#ifndef GRAFT_WIRE_STATUS_H_
#define GRAFT_WIRE_STATUS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace graft {

// How errors cross the wire: an absl::Status that carries google.rpc details as payloads, keyed by
// their type URL ("type.googleapis.com/google.rpc.BadRequest"), and a grpc::Status whose
// error_details hold the same as a google.rpc.Status. Nothing is lost either way, so an error made
// deep in the server reaches the client with its field, its reason and its delay.
// All functions are pure and safe for concurrent use.

// The `domain` of every ErrorInfo.
inline constexpr absl::string_view kErrorDomain = "graft";

struct FieldError {
  std::string field;        // path in the request, "spec.training.epochs"
  std::string description;  // what is wrong and what is allowed, "must be 1 to 10,000, not 0"
};

// INVALID_ARGUMENT "<field>: <description>" with a BadRequest that names the field.
absl::Status InvalidField(absl::string_view field, absl::string_view description);

// The same for several fields at once; the message lists the first ten and says how many more there
// are. OK when there are none.
absl::Status InvalidFields(const std::vector<FieldError>& violations);

// `status` with an ErrorInfo: `reason` in UPPER_SNAKE_CASE ("QUEUE_FULL"), domain "graft".
absl::Status WithReason(absl::Status status, absl::string_view reason,
                        const std::vector<std::pair<std::string, std::string>>& metadata = {});

// `status` with a RetryInfo: the same request may succeed after `delay`.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);

// NOT_FOUND "<kind> <name> does not exist" with reason "<KIND>_NOT_FOUND" (kind: "job").
absl::Status NotFound(absl::string_view kind, absl::string_view name);

// UNAVAILABLE, reason DRAINING, retry in a few seconds: what a stopping server answers.
absl::Status Draining();

// What `status` carries.
std::vector<FieldError> InvalidFieldsOf(const absl::Status& status);
std::string ErrorReason(const absl::Status& status);  // "" where there is none
absl::optional<absl::Duration> RetryDelay(const absl::Status& status);

// `status` with its message and the texts of its details (fields, descriptions, metadata) each put
// through `map`.
absl::Status MapTexts(const absl::Status& status,
                      const std::function<std::string(absl::string_view)>& map);

// To the wire. UNKNOWN becomes INTERNAL: callers are never left with a code that says nothing. A
// message is cut at some 1,500 bytes, so that it and its details fit into a header (8 KiB in all).
grpc::Status ToGrpcStatus(const absl::Status& status);

// From the wire; details that are not a google.rpc.Status are dropped, the code and message stay.
absl::Status FromGrpcStatus(const grpc::Status& status);

// "INVALID_ARGUMENT" and so on, as metrics, logs and JobError.code spell it.
std::string CodeName(absl::StatusCode code);

}  // namespace graft

#endif  // GRAFT_WIRE_STATUS_H_
