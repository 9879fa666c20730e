#ifndef GRAFT_TESTS_FAKES_FAKE_TIMER_H_
#define GRAFT_TESTS_FAKES_FAKE_TIMER_H_

#include <functional>
#include <vector>

#include "absl/time/time.h"

#include "client/lib/timer.h"

namespace graft {

// A client's timer that does not wait: it moves on by what it is asked to, and keeps account. For
// one thread.
class FakeTimer final : public client::Timer {
 public:
  absl::Duration Monotonic() override { return now; }
  void Wait(absl::Duration pause, const client::Cancellation&) override {
    now += pause;
    pauses.push_back(pause);
    if (on_wait) on_wait();
  }

  absl::Duration now;
  std::vector<absl::Duration> pauses;
  std::function<void()> on_wait;
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_FAKE_TIMER_H_
