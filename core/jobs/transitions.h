#ifndef GRAFT_CORE_JOBS_TRANSITIONS_H_
#define GRAFT_CORE_JOBS_TRANSITIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/jobs/job.h"
#include "core/jobs/retry_policy.h"

namespace graft::jobs {

// What of a job decides where it goes next.
struct JobLifecycle {
  JobState state = JobState::kQueued;
  DesiredState desired = DesiredState::kRun;
  int crashes = 0;
  int unclean_ends = 0;
  bool operator==(const JobLifecycle&) const = default;
};
JobLifecycle LifecycleOf(const Job& job);

// Where it goes. Every change of state is one of state_table.h's moves.
struct JobTransition {
  JobLifecycle to;
  std::string detail;  // of the state event, where the state changes
  JobError error;      // FAILED by these rules: says why
};

// Each of these is what one happening does to a job: pure functions, so that every store decides
// alike. FAILED_PRECONDITION: it cannot happen to a job that stands so; nothing changes then, and
// the message says what to do, without the job's name. State by state, an arrow being a move:
//
// clang-format off
//   happening       QUEUED        RUNNING                PAUSED        an end (SUCCEEDED, FAILED, CANCELLED)
//   cancel asked    -> CANCELLED  desired = CANCEL       -> CANCELLED  no, but a repeated one stays
//   pause asked     -> PAUSED     desired = PAUSE        stays         no
//   run asked       stays         desired = RUN          -> QUEUED     no
//   stop asked      no            desired = STOP         no            no
//   claimed         -> RUNNING    no                     no            no
//   finished        no            -> as the worker says  no            no
//   given back      no            -> where it is wanted  no            no
//   worker died     no            crashes + 1, as below  no            no
//   server started  no            unclean_ends + 1       no            no
// clang-format on
//
// Where a job is wanted that ends its lease unfinished: CANCELLED with CANCEL, PAUSED with PAUSE,
// and QUEUED with RUN and with STOP. A job that should stop is leased once more because only a
// worker can publish the best so far, which lies in a checkpoint; it is told STOP with its first
// heartbeat and trains no further. One that has nothing yet ends CANCELLED: its owner wanted it to
// end, and nothing was wrong with it.

// Its owner wants `desired` of it. A cancel is never taken back, a stop only by a cancel. Asking
// for what is wanted already changes nothing. INVALID_ARGUMENT: no such wish.
absl::StatusOr<JobTransition> AfterRequest(const JobLifecycle& job, DesiredState desired);

// A worker takes it for the `attempt`th time.
absl::StatusOr<JobTransition> AfterClaim(const JobLifecycle& job, int attempt);

// Its worker says how it ended: SUCCEEDED, FAILED and CANCELLED stand, whatever is wanted (one that
// overtook a cancel too); PAUSED goes where the job is wanted by now. INVALID_ARGUMENT: the state
// does not end a lease.
absl::StatusOr<JobTransition> AfterFinish(const JobLifecycle& job, JobState outcome,
                                          absl::string_view detail);

// Its worker gave it back, or was made to: no crash.
absl::StatusOr<JobTransition> AfterRelease(const JobLifecycle& job, absl::string_view cause);

// Its worker died, as `cause` says. FAILED where that happened too often, unless it is to be
// cancelled anyway.
absl::StatusOr<JobTransition> AfterWorkerDeath(const JobLifecycle& job, const RetryPolicy& policy,
                                               absl::string_view cause);

// The server starts, and the one before ended without a drain while the job ran.
absl::StatusOr<JobTransition> AfterServerStart(const JobLifecycle& job, const RetryPolicy& policy);

}  // namespace graft::jobs

#endif  // GRAFT_CORE_JOBS_TRANSITIONS_H_
