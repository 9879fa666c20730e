#include "client/lib/retry.h"

#include <algorithm>

#include "absl/strings/match.h"

#include "client/lib/status.h"

namespace graft::client {

absl::Duration ExponentialBackoff::Next() {
  next_ = next_.has_value() ? std::min(*next_ * 2, longest_) : first_;
  return *next_;
}

std::optional<absl::Duration> RetrySchedule::Next(const absl::Status& status, bool reached,
                                                  absl::Duration now) {
  reached_ |= reached;
  if (absl::IsDeadlineExceeded(status)) {
    if (timed_out_) return std::nullopt;
    timed_out_ = true;
    return pause_.Next();
  }
  if (!absl::IsUnavailable(status)) return std::nullopt;
  const absl::Duration left =
      start_ + (reached_ ? options_.reached_for : options_.unreached_for) - now;
  const absl::Duration least = RetryDelay(status).value_or(absl::ZeroDuration());
  if (left <= absl::ZeroDuration() || left < least) return std::nullopt;
  return std::min(left, std::max(least, pause_.Next()));  // the last attempt ends the time
}

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return true;
    case absl::StatusCode::kResourceExhausted:
      return RetryDelay(status).has_value();
    case absl::StatusCode::kInternal:
      return absl::StrContains(status.message(), "RST_STREAM");
    default:
      return false;
  }
}

}  // namespace graft::client
