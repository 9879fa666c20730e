#ifndef GRAFT_CORE_BASE_STATUS_DETAILS_H_
#define GRAFT_CORE_BASE_STATUS_DETAILS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace graft {

// What a program is to be told of an error beside its code and message: which field of the request
// is to blame, a reason that it can compare, and when to try again. Carried as payloads of the
// status, so that Annotate keeps them; wire/status.h turns them into google.rpc details and back,
// and is the only place that does. All functions are pure; an OK status stays as it is.

struct FieldError {
  std::string field;        // path in the request, "spec.training.epochs"
  std::string description;  // what is wrong and what is allowed, "must be 1 to 10,000, not 0"
  friend bool operator==(const FieldError&, const FieldError&) = default;
};

// Of the fields that InvalidFields is given; the message says how many more there are.
inline constexpr size_t kMaxFieldErrors = 10;

// INVALID_ARGUMENT "<field>: <description>" that names the field.
absl::Status InvalidField(absl::string_view field, absl::string_view description);

// The same for several fields at once: "<field>: <description>; <field>: ...", the first ten of
// them. OK when there are none.
absl::Status InvalidFields(const std::vector<FieldError>& errors);

// `status` with a reason in UPPER_SNAKE_CASE ("QUEUE_FULL"), in place of one it had, and what
// there is to say of it by name.
using ReasonMetadata = std::map<std::string, std::string>;
absl::Status WithReason(absl::Status status, absl::string_view reason,
                        const ReasonMetadata& metadata = {});

// `status` with the word that the same request may succeed after `delay`.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);

// What `status` carries.
std::vector<FieldError> InvalidFieldsOf(const absl::Status& status);
std::string ErrorReason(const absl::Status& status);  // "" where there is none
ReasonMetadata ErrorMetadata(const absl::Status& status);
absl::optional<absl::Duration> RetryDelay(const absl::Status& status);

// `status` with its field errors replaced.
absl::Status WithFieldErrors(absl::Status status, const std::vector<FieldError>& errors);

// `status` with its message and the texts of its details (fields, descriptions, metadata) each put
// through `map`.
absl::Status MapTexts(const absl::Status& status,
                      const std::function<std::string(absl::string_view)>& map);

}  // namespace graft

#endif  // GRAFT_CORE_BASE_STATUS_DETAILS_H_
