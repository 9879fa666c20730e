#ifndef GRAFT_CORE_SERVING_OVERLOAD_LATENCY_WINDOW_H_
#define GRAFT_CORE_SERVING_OVERLOAD_LATENCY_WINDOW_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace graft::serving {

// How a request ended that had been let in.
struct EndedRequest {
  absl::Duration entered;  // the instant at which it was let in, monotonic
  absl::Duration took;     // since its model was in memory
  int inputs = 0;
  absl::StatusCode code = absl::StatusCode::kOk;
};

// What a LatencyWindow has seen since it was begun.
struct LatencyReading {
  absl::Duration span;    // since then
  int64_t requests = 0;   // whose durations count
  int64_t over_goal = 0;  // of them, that took longer than the goal
  absl::Duration p99;     // of them, up to 5 % too long; zero: there are none
  int64_t answers = 0;    // all requests that were answered well
  int64_t inputs = 0;     // of those
  // The same, each counted by how long it was inside: n * t summed and squared, by n * t^2 summed.
  // Where all take as long it is `inputs`; where some come from a cache at once, about those that
  // do not, which are the ones that fill the queue.
  double queued_inputs = 0;
  int most_inside = 0;  // inputs at one time, of those whose model is in memory
  int64_t refused = 0;  // requests, for the limit's sake
};

// The sensor of the overload limiter (latency_limiter.h): the durations of requests that ended, as
// a client sees them but for the time in which a model was loaded. A request counts that was
// answered well; one whose caller gave up, or whose deadline passed, counts where it had been
// inside for longer than the goal: how long it would have taken nobody knows, but too long.
// Constant memory, constant time a request. Not safe for concurrent use.
class LatencyWindow {
 public:
  LatencyWindow(absl::Duration goal, absl::Duration now);

  // Forgets all but that so many inputs are inside.
  void Begin(int inside, absl::Duration now);
  // The same, and durations count from now on only of requests that are let in from now on: those
  // inside already wait behind what an earlier limit let in.
  void BeginAnew(int inside, absl::Duration now);

  void OnEnded(const EndedRequest& request);
  void OnInside(int inputs);
  void OnRefused();

  // Walks through the buckets: for now and then.
  LatencyReading Read(absl::Duration now) const;

 private:
  // Bucket i holds what took up to kShortest * kGrowth^i: 0.1 ms to two minutes.
  static constexpr size_t kBuckets = 290;
  static size_t BucketOf(absl::Duration took);
  static absl::Duration UpperBound(size_t bucket);

  const absl::Duration goal_;
  absl::Duration begun_;
  absl::Duration counts_from_ = -absl::InfiniteDuration();
  std::array<int64_t, kBuckets> durations_{};
  LatencyReading sums_;             // without span, p99 and queued_inputs
  double time_inside_ = 0;          // input-seconds
  double time_inside_squared_ = 0;  // inputs * seconds^2
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_OVERLOAD_LATENCY_WINDOW_H_
