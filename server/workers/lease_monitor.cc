#include "server/workers/lease_monitor.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "core/jobs/state_table.h"

namespace graft::server {

LeaseMonitor::LeaseMonitor(Options options, store::MetadataStore* store, Clock* clock,
                           const wire::Logger* logger)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      logger_(logger),
      watcher_(std::in_place, options_.timeout) {}

void LeaseMonitor::Tick() {
  const absl::Duration now = clock_->Monotonic();
  if (last_tick_.has_value() && now - *last_tick_ >= options_.timeout / 2) {
    logger_->Warning("lease timers restarted: the server did not run for a while",
                     {{"gap", absl::FormatDuration(now - *last_tick_)}});
    watcher_.emplace(options_.timeout);
  }
  last_tick_ = now;

  const auto running = store_->ListRunningJobs();
  if (!running.ok()) {
    logger_->Error("leases cannot be checked", {{"error", running.status().ToString()}});
    return;
  }
  for (const jobs::RunningLease& lease : watcher_->Observe(*running, now)) {
    const auto job = store_->ReleaseJob(
        lease.job_id, lease.fence, store::ReleaseReason::kWorkerDied,
        absl::StrCat("worker sent no heartbeat for ", absl::FormatDuration(options_.timeout)));
    // The worker spoke up, or the job ended, since it was listed.
    if (absl::IsAborted(job.status())) continue;
    if (!job.ok()) {
      logger_->Error("a lost lease cannot be ended",
                     {{"job", lease.job_id}, {"error", job.status().ToString()}});
      continue;
    }
    logger_->Warning("lease lost", {{"job", lease.job_id},
                                    {"worker", lease.worker_id},
                                    {"state", jobs::JobStateName(job->state)}});
    if (options_.on_released) options_.on_released(*job);
    if (options_.on_lost) options_.on_lost(lease);
  }
}

}  // namespace graft::server
