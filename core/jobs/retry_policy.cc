#include "core/jobs/retry_policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace graft {

CrashDecision DecideAfterCrash(const RetryPolicy& policy, int crashes, DesiredState desired,
                               absl::string_view cause) {
  CrashDecision decision;
  if (desired == DesiredState::kCancel) {
    decision.state = JobState::kCancelled;
    return decision;
  }
  if (crashes < policy.max_crashes) {
    decision.state = desired == DesiredState::kPause ? JobState::kPaused : JobState::kQueued;
    return decision;
  }
  decision.state = JobState::kFailed;
  decision.error.code = "ABORTED";
  decision.error.message =
      absl::StrCat("the job's worker died ", crashes, " times; the last time: ", cause);
  decision.error.hint =
      "use a smaller batch size or backbone if memory ran out; the server's log has the details";
  return decision;
}

absl::Duration RestartDelay(const BackOff& back_off, int failures) {
  if (failures <= 0) return absl::ZeroDuration();
  absl::Duration delay = back_off.initial;
  for (int i = 1; i < failures && delay < back_off.maximum; ++i) delay *= back_off.factor;
  return std::min(delay, back_off.maximum);
}

}  // namespace graft
