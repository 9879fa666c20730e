#ifndef GRAFT_SERVER_BASE_LIFECYCLE_H_
#define GRAFT_SERVER_BASE_LIFECYCLE_H_

#include <atomic>

#include "absl/status/status.h"

#include "core/base/refusals.h"

namespace graft::server {

// Whether the server takes requests: starting, then ready, then draining, in that order only. Safe
// for concurrent use.
class Lifecycle {
 public:
  void SetReady() {
    State expected = State::kStarting;
    state_.compare_exchange_strong(expected, State::kReady);
  }
  void SetDraining() { state_.store(State::kDraining); }

  bool draining() const { return state_.load() == State::kDraining; }

  // For /readyz: OK, or why not.
  absl::Status Ready() const {
    switch (state_.load()) {
      case State::kStarting:
        return absl::UnavailableError("starting");
      case State::kReady:
        return absl::OkStatus();
      case State::kDraining:
        break;
    }
    return absl::UnavailableError("draining");
  }

  // For calls that begin something new: UNAVAILABLE while draining.
  absl::Status AdmitWork() const { return draining() ? Draining() : absl::OkStatus(); }

 private:
  enum class State { kStarting, kReady, kDraining };
  std::atomic<State> state_{State::kStarting};
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_BASE_LIFECYCLE_H_
