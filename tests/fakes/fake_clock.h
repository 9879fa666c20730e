#ifndef GRAFT_TESTS_FAKES_FAKE_CLOCK_H_
#define GRAFT_TESTS_FAKES_FAKE_CLOCK_H_

#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/clock.h"

namespace graft {

// A clock the test moves by hand. AwaitWithTimeout does not wait: while its condition is false it
// moves the clock by the whole timeout and returns. Wall time can be made to jump on its own.
// Safe for concurrent use.
class FakeClock final : public Clock {
 public:
  absl::Time Now() override {
    absl::MutexLock lock(&mutex_);
    return wall_origin_ + elapsed_;
  }
  absl::Duration Monotonic() override {
    absl::MutexLock lock(&mutex_);
    return elapsed_;
  }
  bool AwaitWithTimeout(absl::Mutex&, const std::function<bool()>& condition,
                        absl::Duration timeout) override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (condition()) return true;
    Advance(timeout);
    return condition();
  }

  void Advance(absl::Duration by) {
    absl::MutexLock lock(&mutex_);
    elapsed_ += by;
  }
  // Only wall time moves, as when an administrator sets the date.
  void JumpWall(absl::Duration by) {
    absl::MutexLock lock(&mutex_);
    wall_origin_ += by;
  }

 private:
  absl::Mutex mutex_;
  absl::Duration elapsed_ ABSL_GUARDED_BY(mutex_);
  absl::Time wall_origin_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'700'000'000);
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_FAKE_CLOCK_H_
