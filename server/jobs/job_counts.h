#ifndef GRAFT_SERVER_JOBS_JOB_COUNTS_H_
#define GRAFT_SERVER_JOBS_JOB_COUNTS_H_

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/store/metadata_store.h"
#include "core/telemetry/metrics.h"

namespace graft::server {

// How many jobs there are, as metrics and probes show it: counted now and then by whoever calls
// Refresh, so that nobody who asks waits for the store. Safe for concurrent use.
class JobCounts {
 public:
  // A store that has not answered for so long does not answer.
  static constexpr absl::Duration kStale = absl::Seconds(15);

  // Borrowed: both must outlive it.
  JobCounts(telemetry::Metrics* metrics, Clock* clock) : metrics_(metrics), clock_(clock) {}

  // Counts, and sets the gauges. Blocks for as long as the store does.
  void Refresh(store::MetadataStore& store);

  // UNAVAILABLE when the store has not been counted for kStale, or never.
  absl::Status Fresh() const;

 private:
  telemetry::Metrics* const metrics_;
  Clock* const clock_;
  mutable absl::Mutex mutex_;
  std::optional<absl::Duration> counted_ ABSL_GUARDED_BY(mutex_);  // when, monotonic
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_JOBS_JOB_COUNTS_H_
