#include "core/jobs/retry_policy.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace graft::jobs {
namespace {

// `message` is for a job that is given up.
CrashDecision Decide(bool give_up, DesiredState desired, std::string message) {
  CrashDecision decision;
  if (desired == DesiredState::kCancel) {
    decision.state = JobState::kCancelled;
    return decision;
  }
  if (!give_up) {
    decision.state = desired == DesiredState::kPause ? JobState::kPaused : JobState::kQueued;
    return decision;
  }
  decision.state = JobState::kFailed;
  decision.error.code = "ABORTED";
  decision.error.message = std::move(message);
  decision.error.hint =
      "use a smaller batch size or backbone if memory ran out; the server's log has the details";
  return decision;
}

}  // namespace

CrashDecision DecideAfterCrash(const RetryPolicy& policy, int crashes, DesiredState desired,
                               absl::string_view cause) {
  return Decide(crashes >= policy.max_crashes, desired,
                absl::StrCat("the job's worker died ", crashes, " times; the last time: ", cause));
}

CrashDecision DecideAfterUncleanEnd(const RetryPolicy& policy, int unclean_ends,
                                    DesiredState desired) {
  return Decide(unclean_ends >= policy.max_unclean_ends, desired,
                absl::StrCat("the server was killed ", unclean_ends,
                             " times while it ran this job, which got no further in between "
                             "(out of memory?)"));
}

absl::Duration RestartDelay(const BackOff& back_off, int failures) {
  if (failures <= 0) return absl::ZeroDuration();
  absl::Duration delay = back_off.initial;
  for (int i = 1; i < failures && delay < back_off.maximum; ++i) delay *= back_off.factor;
  return std::min(delay, back_off.maximum);
}

}  // namespace graft::jobs
