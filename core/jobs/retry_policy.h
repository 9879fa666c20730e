#ifndef GRAFT_CORE_JOBS_RETRY_POLICY_H_
#define GRAFT_CORE_JOBS_RETRY_POLICY_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "core/jobs/job.h"

namespace graft::jobs {

struct RetryPolicy {
  int max_crashes = 3;       // a job that killed so many workers fails
  int max_unclean_ends = 3;  // and one that ran at so many unclean ends of the server in a row
};

struct CrashDecision {
  JobState state = JobState::kQueued;  // or PAUSED, CANCELLED where wanted; FAILED
  JobError error;                      // FAILED: says how often and why
};

// What becomes of a running job whose worker died. `crashes` counts this death; `cause` says how it
// ended ("killed by signal 9").
CrashDecision DecideAfterCrash(const RetryPolicy& policy, int crashes, DesiredState desired,
                               absl::string_view cause);

// What becomes of a job that still was RUNNING when the server started: the server before ended
// without a drain, perhaps because the job took all the memory that both share. `unclean_ends`
// counts this end, and those before it since the job last got further.
CrashDecision DecideAfterUncleanEnd(const RetryPolicy& policy, int unclean_ends,
                                    DesiredState desired);

struct BackOff {
  absl::Duration initial = absl::Milliseconds(500);
  absl::Duration maximum = absl::Seconds(30);
  double factor = 2;
};

// How long to wait before starting a worker again after `failures` deaths in a row:
// min(maximum, initial * factor^(failures - 1)); zero for no failure.
absl::Duration RestartDelay(const BackOff& back_off, int failures);

}  // namespace graft::jobs

#endif  // GRAFT_CORE_JOBS_RETRY_POLICY_H_
