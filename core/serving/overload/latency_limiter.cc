#include "core/serving/overload/latency_limiter.h"

namespace graft::serving {
namespace {

// Longer than the longest delay that OverloadRetryDelay asks for: clients who heed it are no pause.
constexpr absl::Duration kPause = absl::Seconds(30);

}  // namespace

LatencyLimiter::LatencyLimiter(const LimitOptions& options, absl::Duration now)
    : options_(options),
      window_(options.p99_goal, now),
      state_({.limit = options.most}),
      look_at_(now + LookInterval(options)) {}

bool LatencyLimiter::Admits(int inputs, int inside, absl::Duration now) {
  if (!on()) return true;
  if (now >= look_at_) Decide(inside, now);
  if (inside > 0 && inside + inputs > state_.limit) {
    window_.OnRefused();
    if (now - last_refusal_ > kPause) refusing_since_ = now;
    last_refusal_ = now;
    return false;
  }
  window_.OnInside(inside + inputs);
  return true;
}

void LatencyLimiter::OnEnded(const EndedRequest& request) {
  if (on()) window_.OnEnded(request);
}

absl::Duration LatencyLimiter::OverloadedFor(absl::Duration now) const {
  return now - last_refusal_ > kPause ? absl::ZeroDuration() : now - refusing_since_;
}

void LatencyLimiter::Decide(int inside, absl::Duration now) {
  const LimitDecision decision = DecideLimit(state_, window_.Read(now), options_, now);
  state_ = decision.state;
  if (decision.evidence == LimitDecision::Evidence::kUsed) window_.Begin(inside, now);
  if (decision.evidence == LimitDecision::Evidence::kChanged) {
    window_.BeginAnew(inside, now);
  }
  look_at_ = now + LookInterval(options_);
}

}  // namespace graft::serving
