#ifndef GRAFT_CORE_JOBS_STATE_TABLE_H_
#define GRAFT_CORE_JOBS_STATE_TABLE_H_

#include <array>

#include "absl/strings/string_view.h"

#include "core/jobs/job.h"

namespace graft::jobs {

inline constexpr std::array<JobState, 6> kAllJobStates = {JobState::kQueued, JobState::kRunning,
                                                          JobState::kPaused, JobState::kSucceeded,
                                                          JobState::kFailed, JobState::kCancelled};

struct JobMove {
  JobState from;
  JobState to;
};

// Every move a job may make, and no other:
//   QUEUED  -> RUNNING | CANCELLED | PAUSED | FAILED
//   RUNNING -> SUCCEEDED | FAILED | CANCELLED | PAUSED | QUEUED (lease lost or drained)
//   PAUSED  -> QUEUED | CANCELLED
inline constexpr std::array<JobMove, 11> kJobMoves = {{
    {JobState::kQueued, JobState::kRunning},
    {JobState::kQueued, JobState::kCancelled},
    {JobState::kQueued, JobState::kPaused},
    {JobState::kQueued, JobState::kFailed},
    {JobState::kRunning, JobState::kSucceeded},
    {JobState::kRunning, JobState::kFailed},
    {JobState::kRunning, JobState::kCancelled},
    {JobState::kRunning, JobState::kPaused},
    {JobState::kRunning, JobState::kQueued},
    {JobState::kPaused, JobState::kQueued},
    {JobState::kPaused, JobState::kCancelled},
}};

constexpr bool CanMove(JobState from, JobState to) {
  for (const JobMove& move : kJobMoves) {
    if (move.from == from && move.to == to) return true;
  }
  return false;
}

// SUCCEEDED, FAILED, CANCELLED: no move leads out of it.
constexpr bool IsTerminal(JobState state) {
  return state == JobState::kSucceeded || state == JobState::kFailed ||
         state == JobState::kCancelled;
}

// "QUEUED", "FINE_TUNE", "RUN", ...; "UNKNOWN" for a value outside the enum.
absl::string_view JobStateName(JobState state);
absl::string_view JobKindName(JobKind kind);
absl::string_view DesiredStateName(DesiredState desired);

}  // namespace graft::jobs

#endif  // GRAFT_CORE_JOBS_STATE_TABLE_H_
