#ifndef GRAFT_CORE_SERVING_OVERLOAD_LIMIT_CONTROLLER_H_
#define GRAFT_CORE_SERVING_OVERLOAD_LIMIT_CONTROLLER_H_

#include "absl/time/time.h"

#include "core/serving/overload/latency_window.h"

namespace graft::serving {

struct LimitOptions {
  absl::Duration p99_goal;  // zero: nothing is limited
  int most = 0;             // inputs that may be inside where nothing is limited
  int instances = 1;        // passes of a network at one time
  int full_pass = 1;        // inputs in all of these, full
};

struct LimitState {
  int limit = 0;  // inputs that may be inside; LimitOptions::most: nothing is limited
  // Inputs answered a second (LatencyReading::queued_inputs): the most of late, since what a stall
  // answers says nothing of what can be answered. Falls by a tenth a window.
  double rate = 0;
  // When the limit was last lowered, or last kept a request out; monotonic.
  absl::Duration needed = -absl::InfiniteDuration();
  // Until then the goal is taken to be out of reach, however few are inside.
  absl::Duration hopeless_until = -absl::InfiniteDuration();
};

struct LimitDecision {
  enum class Evidence {
    kGather,   // too little to decide by: it goes on being gathered
    kUsed,     // another window begins
    kChanged,  // and what is inside already is not counted in it
  };
  LimitState state;
  Evidence evidence = Evidence::kGather;
};

// How often it is worth to look: twice the goal, and half a second at least. Pure.
absl::Duration LookInterval(const LimitOptions& options);

// How many inputs may be inside from now on, so that the 99th percentile of the durations stays
// under the goal: the controller of the overload limiter (latency_limiter.h). Pure.
//
//  - Over the goal (20 requests at least, and more than 1 % and more than two of them): the limit
//    falls to what was inside, times goal / p99 and a little less. A queue's length and the time
//    spent in it go together, so one step is enough, however far over it was.
//  - Well under it (p99 at 75 % or less, of 300 requests, or of 100 in five seconds), and the limit
//    kept somebody out or was nearly reached: it rises by a sixteenth of rate * goal.
//  - In between it stays, and so it comes to rest.
//  - Of fewer than that in a minute: if all were in time and somebody was kept out, it rises too.
//  - Never below what is answered in half the goal (rate * goal / 2, Little's law), nor below two
//    requests an instance: what is slow then does not wait for others.
//  - Over the goal with no more than that inside: it is out of reach, and fewer inside would only
//    cost throughput. For five minutes the limit is two full passes an instance, at least.
//  - After five minutes in which nobody was kept out there is none.
LimitDecision DecideLimit(const LimitState& state, const LatencyReading& reading,
                          const LimitOptions& options, absl::Duration now);

// What a request that is refused is told to wait, where the overload has lasted for so long: `base`
// and a quarter of that time, ten seconds at most. Pure.
absl::Duration OverloadRetryDelay(absl::Duration base, absl::Duration lasted);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_OVERLOAD_LIMIT_CONTROLLER_H_
