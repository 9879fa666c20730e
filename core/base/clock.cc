#include "core/base/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace graft {
namespace {

class SystemClock final : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }

  absl::Duration Monotonic() override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }

  bool AwaitUntil(absl::Mutex& mutex, const std::function<bool()>& condition,
                  absl::Duration deadline) override {
    return mutex.AwaitWithTimeout(
        absl::Condition(
            +[](const std::function<bool()>* held) { return (*held)(); }, &condition),
        deadline - Monotonic());
  }
};

}  // namespace

void Clock::Sleep(absl::Duration duration) {
  absl::Mutex mutex;
  absl::MutexLock lock(&mutex);
  AwaitWithTimeout(
      mutex, [] { return false; }, duration);
}

Clock* Clock::System() {
  static SystemClock* const clock = new SystemClock;  // never destroyed: threads may outlive main
  return clock;
}

}  // namespace graft
