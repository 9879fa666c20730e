#include "server/job_metrics.h"

#include <string>

#include "absl/strings/ascii.h"

#include "core/jobs/state_table.h"

namespace graft {

void CountJobEnd(Metrics& metrics, const Job& job) {
  if (!IsTerminal(job.state)) return;
  metrics.job_duration_seconds.Observe(
      {job.task, job.strategy, absl::AsciiStrToLower(JobStateName(job.state))},
      job.end_time - job.create_time);
}

void CountWorkerDeath(Metrics& metrics, const Job& job) {
  metrics.job_crashes_total.Increment();
  CountJobEnd(metrics, job);
}

}  // namespace graft
