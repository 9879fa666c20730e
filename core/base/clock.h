#ifndef GRAFT_CORE_BASE_CLOCK_H_
#define GRAFT_CORE_BASE_CLOCK_H_

#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace graft {

// The only source of time in core/. Wall time is for people (timestamps); durations and leases are
// measured on the monotonic clock, which no administrator can turn back.
// Safe for concurrent use.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall-clock time, for timestamps only.
  virtual absl::Time Now() = 0;

  // Time since an arbitrary origin; never goes backwards within a process.
  virtual absl::Duration Monotonic() = 0;

  // Waits until `condition` holds, or until Monotonic() has reached `deadline` (an infinite one:
  // for ever). `mutex` is held on entry and on return, and released while waiting; `condition` is
  // read under it, by whichever thread unlocks `mutex`. Returns whether `condition` holds.
  //
  // The one way to wait for time, or for time and something else: under a fake clock a test then
  // decides which comes first.
  virtual bool AwaitUntil(absl::Mutex& mutex, const std::function<bool()>& condition,
                          absl::Duration deadline) ABSL_SHARED_LOCKS_REQUIRED(mutex) = 0;

  // The same, `timeout` from now. Where the deadline was reckoned from an earlier instant, wait
  // until that deadline instead: the clock may have moved since.
  bool AwaitWithTimeout(absl::Mutex& mutex, const std::function<bool()>& condition,
                        absl::Duration timeout) ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    return AwaitUntil(mutex, condition, Monotonic() + timeout);
  }

  // Waits for nothing but time.
  void Sleep(absl::Duration duration);

  // The clock of this machine; lives as long as the process.
  static Clock* System();
};

}  // namespace graft

#endif  // GRAFT_CORE_BASE_CLOCK_H_
