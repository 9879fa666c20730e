#include "core/jobs/lease_policy.h"

#include <utility>

namespace graft::jobs {

absl::Duration HeartbeatTimeout(absl::Duration lease, absl::Duration interval) {
  return lease / (kLostHeartbeats + 1) - interval;
}

absl::Duration ShortestLease(absl::Duration interval) {
  return (kLostHeartbeats + 1) * (interval + interval);
}

bool IsLeaseDead(const LeaseObservation& last, absl::Duration now, absl::Duration timeout) {
  return now - last.seen_at >= timeout;
}

std::vector<RunningLease> LeaseWatcher::Observe(const std::vector<RunningLease>& running,
                                                absl::Duration now) {
  std::vector<RunningLease> dead;
  std::map<std::string, LeaseObservation> current;
  for (const RunningLease& lease : running) {
    const auto last = observations_.find(lease.job_id);
    LeaseObservation seen{lease.fence, lease.renewals, now};
    if (last != observations_.end() && last->second.fence == lease.fence &&
        last->second.renewals == lease.renewals) {
      seen = last->second;
      if (IsLeaseDead(seen, now, timeout_)) dead.push_back(lease);
    }
    current.emplace(lease.job_id, seen);
  }
  observations_ = std::move(current);
  return dead;
}

}  // namespace graft::jobs
