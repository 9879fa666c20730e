#ifndef GRAFT_CORE_JOBS_LEASE_POLICY_H_
#define GRAFT_CORE_JOBS_LEASE_POLICY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace graft::jobs {

// How the times of a lease go together. A worker sends a heartbeat, waits up to the heartbeat's
// timeout for the answer, then an interval, and sends the next. So many in a row may be lost, each
// after all its time, and the next is still answered before the lease is over:
//   (kLostHeartbeats + 1) * (interval + timeout) <= lease
// A server that is slow once, or a worker that is short of CPU, must not look like a death.
inline constexpr int kLostHeartbeats = 3;

// The timeout that a lease leaves to a heartbeat: the longest for which the above holds.
absl::Duration HeartbeatTimeout(absl::Duration lease, absl::Duration interval);

// The shortest lease that leaves a heartbeat as much time as lies between two.
absl::Duration ShortestLease(absl::Duration interval);

// A running job's lease as the store shows it.
struct RunningLease {
  std::string job_id;
  uint64_t fence = 0;
  uint64_t renewals = 0;
  std::string worker_id;
};

// What one observer last saw of a lease, and when on its own monotonic clock.
struct LeaseObservation {
  uint64_t fence = 0;
  uint64_t renewals = 0;
  absl::Duration seen_at;
};

// A lease is dead once its counter has not moved for `timeout` (lease and grace) of the observer's
// monotonic time. No timestamp is compared between processes, so neither a restart nor a clock that
// jumps moves a lease.
bool IsLeaseDead(const LeaseObservation& last, absl::Duration now, absl::Duration timeout);

// Keeps the observations of one observer. Not safe for concurrent use.
class LeaseWatcher {
 public:
  explicit LeaseWatcher(absl::Duration timeout) : timeout_(timeout) {}

  // Takes in what runs now, at `now` on the observer's monotonic clock, and returns the leases that
  // are dead. A lease seen for the first time, or whose fence or counter moved, is alive. Leases
  // that are gone from `running` are forgotten.
  std::vector<RunningLease> Observe(const std::vector<RunningLease>& running, absl::Duration now);

 private:
  const absl::Duration timeout_;
  std::map<std::string, LeaseObservation> observations_;  // by job id
};

}  // namespace graft::jobs

#endif  // GRAFT_CORE_JOBS_LEASE_POLICY_H_
