#ifndef GRAFT_CORE_SERVING_OVERLOAD_LATENCY_LIMITER_H_
#define GRAFT_CORE_SERVING_OVERLOAD_LATENCY_LIMITER_H_

#include "absl/time/time.h"

#include "core/serving/overload/latency_window.h"
#include "core/serving/overload/limit_controller.h"

namespace graft::serving {

// Keeps the 99th percentile of the durations of answered requests under a goal, by how much it lets
// in: the limiter of the three (latency_window.h measures, limit_controller.h decides). Off, that
// is without a goal, it lets in everything and measures nothing.
//
// It looks and decides when somebody wants in and it is time to, not on a thread of its own: as
// long as nobody comes there is nothing to decide, no lock is taken that is not taken anyway, and a
// test that moves a clock and asks again has the next decision without waiting for anyone. What was
// measured before a pause is too old by the next request, and is dropped.
//
// All instants are of Clock::Monotonic() and never go back. Not safe for concurrent use: Admission
// calls it under its lock.
class LatencyLimiter {
 public:
  LatencyLimiter(const LimitOptions& options, absl::Duration now);

  // Whether a request of so many inputs may come in where `inside` are. One that is larger than the
  // limit may if nothing else is inside.
  bool Admits(int inputs, int inside, absl::Duration now);

  // One of those that came in ended.
  void OnEnded(const EndedRequest& request);

  // Since when requests are refused, without half a minute's pause; zero if none was.
  absl::Duration OverloadedFor(absl::Duration now) const;

  // Inputs that may be inside, as decided last.
  int limit() const { return state_.limit; }
  absl::Duration goal() const { return options_.p99_goal; }

 private:
  bool on() const { return options_.p99_goal > absl::ZeroDuration(); }
  void Decide(int inside, absl::Duration now);

  const LimitOptions options_;
  LatencyWindow window_;
  LimitState state_;
  absl::Duration look_at_;
  absl::Duration refusing_since_ = -absl::InfiniteDuration();
  absl::Duration last_refusal_ = -absl::InfiniteDuration();
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_OVERLOAD_LATENCY_LIMITER_H_
