#include "core/serving/overload/limit_controller.h"

#include <algorithm>
#include <cmath>

namespace graft::serving {
namespace {

using Evidence = LimitDecision::Evidence;

constexpr absl::Duration kShortestLook = absl::Milliseconds(500);
constexpr absl::Duration kStale = absl::Minutes(1);  // what is older says nothing of now
constexpr absl::Duration kHopeless = absl::Minutes(5);
constexpr absl::Duration kLiftAfter = absl::Minutes(5);
constexpr absl::Duration kLongestRetry = absl::Seconds(10);
constexpr absl::Duration kRetryStep = absl::Milliseconds(100);  // for people to read

constexpr int64_t kFewestToLower = 20;
constexpr int64_t kFewestOver = 3;  // one or two slow pictures are no overload
constexpr int64_t kFewestToRaise = 100;
constexpr int64_t kEnoughToRaise = 300;
constexpr absl::Duration kLongEnoughToRaise = absl::Seconds(5);
constexpr int64_t kMostGathered = 1000;
constexpr double kRateKept = 0.9;
constexpr double kCalm = 0.75;   // of the goal
constexpr double kAimAt = 0.85;  // of the goal
constexpr double kNearlyReached = 0.9;
constexpr double kStep = 1.0 / 16;

// Inputs inside with which requests take as long as the goal on average.
double InsideAtGoal(const LimitState& state, const LimitOptions& options) {
  return state.rate * absl::ToDoubleSeconds(options.p99_goal);
}

bool IsCalm(const LatencyReading& reading, const LimitOptions& options) {
  const bool enough = reading.requests >= kEnoughToRaise ||
                      (reading.requests >= kFewestToRaise && reading.span >= kLongEnoughToRaise);
  return enough && reading.p99 <= kCalm * options.p99_goal;
}

// One request in the network and one made ready for it, for each instance.
int Fewest(const LatencyReading& reading, const LimitOptions& options) {
  const int64_t each =
      reading.answers == 0 ? 1 : (reading.inputs + reading.answers - 1) / reading.answers;
  return static_cast<int>(std::min<int64_t>(2 * options.instances * each, options.most));
}

int Floor(const LimitState& state, const LatencyReading& reading, const LimitOptions& options,
          absl::Duration now) {
  const int fewest = Fewest(reading, options);
  // One in the network, one gathered meanwhile.
  const int full = std::max(fewest, std::min(2 * options.full_pass, options.most));
  if (now < state.hopeless_until) return full;
  const double half_goal = InsideAtGoal(state, options) / 2;
  return static_cast<int>(
      std::clamp(half_goal, static_cast<double>(fewest), static_cast<double>(full)));
}

bool IsOver(const LatencyReading& reading) {
  return reading.requests >= kFewestToLower && reading.over_goal >= kFewestOver &&
         reading.over_goal * 100 > reading.requests;
}

void Raise(LimitState& state, const LimitOptions& options) {
  if (state.limit >= options.most) return;
  const double step = std::max(1.0, kStep * InsideAtGoal(state, options));
  state.limit = static_cast<int>(std::min<double>(options.most, state.limit + step));
}

LimitDecision Lower(LimitState state, const LatencyReading& reading, const LimitOptions& options,
                    absl::Duration now) {
  const int before = state.limit;
  const int inside = std::min(state.limit, reading.most_inside);
  state.needed = now;
  if (inside <= Fewest(reading, options)) state.hopeless_until = now + kHopeless;
  const int floor = Floor(state, reading, options, now);
  const double kept = kAimAt * absl::FDivDuration(options.p99_goal, reading.p99);
  const int lowered = std::max(floor, static_cast<int>(inside * kept));
  // What has been inside is at most the limit: it only rises where the floor has.
  state.limit = lowered < inside ? lowered : std::max(state.limit, floor);
  return {state, state.limit < before ? Evidence::kChanged : Evidence::kUsed};
}

}  // namespace

absl::Duration LookInterval(const LimitOptions& options) {
  return std::max(kShortestLook, 2 * options.p99_goal);
}

LimitDecision DecideLimit(const LimitState& state, const LatencyReading& reading,
                          const LimitOptions& options, absl::Duration now) {
  LimitState next = state;
  if (options.p99_goal <= absl::ZeroDuration()) {
    next.limit = options.most;
    return {next, Evidence::kUsed};
  }
  if (reading.refused > 0) next.needed = now;
  if (next.limit < options.most && now - next.needed >= kLiftAfter) {
    next.limit = options.most;
    return {next, Evidence::kUsed};
  }
  const absl::Duration interval = LookInterval(options);
  if (reading.span >= std::max(kStale, 4 * interval)) {
    // Too few to tell the 99th percentile; but where all were in time and some were kept out, the
    // limit is for a load that is over.
    const bool in_time = reading.requests > 0 && reading.over_goal == 0;
    if (in_time && reading.refused > 0) Raise(next, options);
    return {next, Evidence::kUsed};
  }
  if (reading.span < interval) return {next, Evidence::kGather};
  const bool over = IsOver(reading);
  const bool calm = IsCalm(reading, options);
  if (!over && !calm && reading.requests < kMostGathered) return {next, Evidence::kGather};

  next.rate =
      std::max(kRateKept * next.rate, reading.queued_inputs / absl::ToDoubleSeconds(reading.span));
  if (over) return Lower(next, reading, options, now);
  if (calm) {
    const bool binds = reading.refused > 0 || reading.most_inside >= kNearlyReached * next.limit;
    if (binds) Raise(next, options);
  }
  return {next, Evidence::kUsed};
}

absl::Duration OverloadRetryDelay(absl::Duration base, absl::Duration lasted) {
  return std::min(base + absl::Floor(lasted / 4, kRetryStep), std::max(base, kLongestRetry));
}

}  // namespace graft::serving
