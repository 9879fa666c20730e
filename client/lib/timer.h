#ifndef GRAFT_CLIENT_LIB_TIMER_H_
#define GRAFT_CLIENT_LIB_TIMER_H_

#include "absl/time/time.h"

#include "client/lib/cancellation.h"

namespace graft::client {

// The time between attempts. Injected, so that tests need not wait. Safe for concurrent use.
class Timer {
 public:
  virtual ~Timer() = default;

  // Since some point in the past; never goes back.
  virtual absl::Duration Monotonic() = 0;
  // Waits so long, or until cancelled.
  virtual void Wait(absl::Duration pause, const Cancellation& cancellation) = 0;

  // The timer of this machine; lives as long as the process.
  static Timer* System();
};

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_TIMER_H_
