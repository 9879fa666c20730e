#ifndef GRAFT_CLIENT_LIB_RETRY_H_
#define GRAFT_CLIENT_LIB_RETRY_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace graft::client {

// Pauses between attempts: each twice as long as the one before, up to a limit.
class ExponentialBackoff {
 public:
  ExponentialBackoff(absl::Duration first, absl::Duration longest)
      : first_(first), longest_(longest) {}

  absl::Duration Next();
  void Reset() { next_.reset(); }

 private:
  const absl::Duration first_;
  const absl::Duration longest_;
  std::optional<absl::Duration> next_;
};

// For how long a request is sent again that may be sent twice.
struct RetryOptions {
  // Where a server was there, and went away: it may be starting again.
  absl::Duration reached_for = absl::Seconds(30);
  // Where none ever was: whoever waits wants to know.
  absl::Duration unreached_for = absl::Seconds(3);
};

// When to send one request again: where the server was UNAVAILABLE, after growing pauses and not
// before it said, until the time is up; once more where it did not answer in time. Makes no call
// and reads no clock.
class RetrySchedule {
 public:
  RetrySchedule(const RetryOptions& options, absl::Duration now) : options_(options), start_(now) {}

  // The pause before the next attempt; nothing where `status` is what the caller gets. `reached`:
  // in this attempt a server was there.
  std::optional<absl::Duration> Next(const absl::Status& status, bool reached, absl::Duration now);

 private:
  const RetryOptions options_;
  const absl::Duration start_;
  ExponentialBackoff pause_{absl::Milliseconds(200), absl::Seconds(5)};
  bool reached_ = false;
  bool timed_out_ = false;
};

// Whether a stream that ended so may be opened again: the server was going away or full, or the
// connection broke. INTERNAL is passing only where it is a reset of the transport's.
bool IsTransient(const absl::Status& status);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_RETRY_H_
