#include "server/jobs/job_metrics.h"

#include <string>

#include "absl/strings/ascii.h"

#include "core/jobs/state_table.h"

namespace graft::server {

void CountJobEnd(telemetry::Metrics& metrics, const store::JobChange& change) {
  if (change.deleted || !jobs::IsTerminal(change.state)) return;
  metrics.job_duration_seconds.Observe(
      {change.task, change.strategy, absl::AsciiStrToLower(jobs::JobStateName(change.state))},
      change.end_time - change.create_time);
}

}  // namespace graft::server
