#include "core/serving/retry_hint.h"

#include <string>

#include "absl/strings/cord.h"

namespace graft {
namespace {
constexpr char kType[] = "graft.dev/retry-hint";
}  // namespace

absl::Status WithRetryHint(absl::Status status, absl::Duration delay) {
  status.SetPayload(kType, absl::Cord(absl::FormatDuration(delay)));
  return status;
}

absl::optional<absl::Duration> RetryHint(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kType);
  absl::Duration delay;
  if (!payload.has_value() || !absl::ParseDuration(std::string(*payload), &delay)) {
    return absl::nullopt;
  }
  return delay;
}

}  // namespace graft
