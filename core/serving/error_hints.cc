#include "core/serving/error_hints.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace graft {
namespace {

constexpr char kReasonType[] = "graft.dev/reason-hint";
constexpr char kFieldType[] = "graft.dev/field-hint";

std::string Payload(const absl::Status& status, absl::string_view type) {
  const absl::optional<absl::Cord> payload = status.GetPayload(type);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status WithReasonHint(absl::Status status, absl::string_view reason) {
  status.SetPayload(kReasonType, absl::Cord(reason));
  return status;
}

std::string ReasonHint(const absl::Status& status) { return Payload(status, kReasonType); }

absl::Status InvalidInput(absl::string_view field, absl::string_view description) {
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(field, ": ", description));
  status.SetPayload(kFieldType, absl::Cord(field));
  return status;
}

std::string FieldHint(const absl::Status& status) { return Payload(status, kFieldType); }

}  // namespace graft
