#include "client/lib/timer.h"

#include <chrono>

namespace graft::client {
namespace {

class SystemTimer final : public Timer {
 public:
  absl::Duration Monotonic() override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
  void Wait(absl::Duration pause, const Cancellation& cancellation) override {
    cancellation.WaitFor(pause);
  }
};

}  // namespace

Timer* Timer::System() {
  static SystemTimer* const timer = new SystemTimer;
  return timer;
}

}  // namespace graft::client
