#include "server/jobs/job_counts.h"

#include <string>

#include "core/jobs/state_table.h"

namespace graft::server {

void JobCounts::Refresh(store::MetadataStore& store) {
  const auto counts = store.CountJobs();
  if (!counts.ok()) return;
  for (const auto& [state, count] : *counts) {
    metrics_->jobs.Set({std::string(jobs::JobStateName(state))}, static_cast<double>(count));
    if (state == jobs::JobState::kQueued) metrics_->job_queue_depth.Set(static_cast<double>(count));
  }
  absl::MutexLock lock(&mutex_);
  counted_ = clock_->Monotonic();
}

absl::Status JobCounts::Fresh() const {
  const absl::Duration now = clock_->Monotonic();
  absl::MutexLock lock(&mutex_);
  if (counted_.has_value() && now - *counted_ < kStale) return absl::OkStatus();
  return absl::UnavailableError("the metadata store does not answer");
}

}  // namespace graft::server
