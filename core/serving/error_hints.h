#ifndef GRAFT_CORE_SERVING_ERROR_HINTS_H_
#define GRAFT_CORE_SERVING_ERROR_HINTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace graft {

// What a program is to be told of an error beside its code and message. Carried as payloads of the
// status, as RetryHint is; the wire makes an ErrorInfo and a BadRequest of them. Pure functions.

// `reason` in UPPER_SNAKE_CASE, "QUEUE_FULL". An OK status stays as it is.
absl::Status WithReasonHint(absl::Status status, absl::string_view reason);
std::string ReasonHint(const absl::Status& status);  // "" where there is none

// INVALID_ARGUMENT "<field>: <description>"; the field is a path in the request, "inputs[2]".
absl::Status InvalidInput(absl::string_view field, absl::string_view description);
std::string FieldHint(const absl::Status& status);  // "" where none is to blame

}  // namespace graft

#endif  // GRAFT_CORE_SERVING_ERROR_HINTS_H_
