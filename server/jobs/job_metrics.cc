#include "server/jobs/job_metrics.h"

#include <string>

#include "absl/strings/ascii.h"

#include "core/jobs/state_table.h"

namespace graft {

void CountJobEnd(Metrics& metrics, const JobChange& change) {
  if (change.deleted || !IsTerminal(change.state)) return;
  metrics.job_duration_seconds.Observe(
      {change.task, change.strategy, absl::AsciiStrToLower(JobStateName(change.state))},
      change.end_time - change.create_time);
}

}  // namespace graft
