#ifndef GRAFT_SERVER_WORKERS_LEASE_MONITOR_H_
#define GRAFT_SERVER_WORKERS_LEASE_MONITOR_H_

#include <functional>
#include <optional>

#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/jobs/lease_policy.h"
#include "core/store/metadata_store.h"
#include "server/base/logging.h"

namespace graft::server {

// Takes jobs from workers that fell silent: a lease whose renewal counter has not moved for
// `timeout`, measured on this process's monotonic clock, is ended as the worker's death. The job is
// then queued again, or FAILED when it killed its workers too often.
//
// After a gap between two Ticks of half the timeout or more it is this process that was asleep
// (stopped, or starved), and heartbeats wait to be read: every lease gets its whole timeout again.
// Not safe for concurrent use: one thread calls Tick(), a few times per timeout.
class LeaseMonitor {
 public:
  struct Options {
    absl::Duration timeout = absl::Seconds(20);
    // Told of each lease that was ended, after the store is; the worker may be alive but stuck.
    std::function<void(const jobs::RunningLease&)> on_lost;
    // Told with the job as the store left it.
    std::function<void(const jobs::Job&)> on_released;
  };

  // Borrowed: all must outlive the monitor.
  LeaseMonitor(Options options, store::MetadataStore* store, Clock* clock,
               const wire::Logger* logger);

  void Tick();

 private:
  const Options options_;
  store::MetadataStore* const store_;
  Clock* const clock_;
  const wire::Logger* const logger_;
  std::optional<jobs::LeaseWatcher> watcher_;
  std::optional<absl::Duration> last_tick_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_WORKERS_LEASE_MONITOR_H_
