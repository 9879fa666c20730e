#include "core/jobs/transitions.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"

namespace graft::jobs {
namespace {

JobTransition Move(const JobLifecycle& job, JobState to, absl::string_view detail) {
  JobTransition transition{job, std::string(detail), {}};
  transition.to.state = to;
  return transition;
}

absl::Status RequireRunning(const JobLifecycle& job) {
  if (job.state == JobState::kRunning) return absl::OkStatus();
  return absl::FailedPreconditionError("it does not run");
}

// Where a job goes whose lease ends before its work does.
JobState StateWanted(DesiredState desired) {
  switch (desired) {
    case DesiredState::kCancel:
      return JobState::kCancelled;
    case DesiredState::kPause:
      return JobState::kPaused;
    case DesiredState::kRun:
    case DesiredState::kStop:
      return JobState::kQueued;
  }
  return JobState::kQueued;
}

JobTransition Take(const JobLifecycle& job, CrashDecision decision, absl::string_view detail) {
  JobTransition transition = Move(job, decision.state, detail);
  transition.error = std::move(decision.error);
  return transition;
}

}  // namespace

JobLifecycle LifecycleOf(const Job& job) {
  return {job.state, job.desired, job.crashes, job.unclean_ends};
}

absl::StatusOr<JobTransition> AfterRequest(const JobLifecycle& job, DesiredState desired) {
  JobTransition same{job, "", {}};
  if (DesiredStateName(desired) == "UNKNOWN") {
    return absl::InvalidArgumentError(
        absl::StrCat("desired: ", static_cast<int>(desired), " is unknown"));
  }
  if (IsTerminal(job.state)) {
    if (desired == DesiredState::kCancel && job.state == JobState::kCancelled) return same;
    return absl::FailedPreconditionError("it has ended");
  }
  if (job.desired == DesiredState::kCancel && desired != DesiredState::kCancel) {
    return absl::FailedPreconditionError("it is being cancelled, which cannot be taken back");
  }
  if (job.desired == DesiredState::kStop && desired != DesiredState::kStop &&
      desired != DesiredState::kCancel) {
    return absl::FailedPreconditionError("it is being stopped, which cannot be taken back");
  }
  if (desired == DesiredState::kStop && job.state != JobState::kRunning) {
    return absl::FailedPreconditionError("only a running job can be stopped; cancel it instead");
  }
  JobTransition transition = std::move(same);
  transition.to.desired = desired;
  if (desired == DesiredState::kCancel && job.state != JobState::kRunning) {
    transition.to.state = JobState::kCancelled;
    transition.detail = "cancelled on request";
  } else if (desired == DesiredState::kPause && job.state == JobState::kQueued) {
    transition.to.state = JobState::kPaused;
    transition.detail = "paused on request";
  } else if (desired == DesiredState::kRun && job.state == JobState::kPaused) {
    transition.to.state = JobState::kQueued;
    transition.detail = "resumed on request";
  }
  return transition;
}

absl::StatusOr<JobTransition> AfterClaim(const JobLifecycle& job, int attempt) {
  if (job.state != JobState::kQueued) return absl::FailedPreconditionError("it is not queued");
  return Move(job, JobState::kRunning, absl::StrCat("attempt ", attempt));
}

absl::StatusOr<JobTransition> AfterFinish(const JobLifecycle& job, JobState outcome,
                                          absl::string_view detail) {
  GRAFT_RETURN_IF_ERROR(RequireRunning(job));
  if (outcome == JobState::kPaused) return Move(job, StateWanted(job.desired), detail);
  if (IsTerminal(outcome)) return Move(job, outcome, detail);
  return absl::InvalidArgumentError(
      absl::StrCat("outcome: ", JobStateName(outcome), " does not end a lease"));
}

absl::StatusOr<JobTransition> AfterRelease(const JobLifecycle& job, absl::string_view cause) {
  GRAFT_RETURN_IF_ERROR(RequireRunning(job));
  return Move(job, StateWanted(job.desired), cause);
}

absl::StatusOr<JobTransition> AfterWorkerDeath(const JobLifecycle& job, const RetryPolicy& policy,
                                               absl::string_view cause) {
  GRAFT_RETURN_IF_ERROR(RequireRunning(job));
  JobLifecycle now = job;
  ++now.crashes;
  return Take(now, DecideAfterCrash(policy, now.crashes, now.desired, cause), cause);
}

absl::StatusOr<JobTransition> AfterServerStart(const JobLifecycle& job, const RetryPolicy& policy) {
  GRAFT_RETURN_IF_ERROR(RequireRunning(job));
  JobLifecycle now = job;
  ++now.unclean_ends;
  return Take(now, DecideAfterUncleanEnd(policy, now.unclean_ends, now.desired),
              "the server was killed and started again");
}

}  // namespace graft::jobs
