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

  // Waits until `condition` holds, or until `timeout` has passed on this clock. `mutex` is held
  // on entry and on return, released while waiting; `condition` is read under it.
  // Returns whether `condition` holds. A fake clock advances in place of waiting.
  virtual bool AwaitWithTimeout(absl::Mutex& mutex, const std::function<bool()>& condition,
                                absl::Duration timeout) ABSL_SHARED_LOCKS_REQUIRED(mutex) = 0;

  // The clock of this machine; lives as long as the process.
  static Clock* System();
};

}  // namespace graft

#endif  // GRAFT_CORE_BASE_CLOCK_H_
