#include "server/jobs/job_end_observer.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "core/jobs/state_table.h"
#include "server/jobs/job_metrics.h"
#include "server/jobs/orphan_sweep.h"

namespace graft::server {

void JobEndObserver::OnJobChange(const store::JobChange& change) {
  if (change.deleted || !jobs::IsTerminal(change.state)) return;
  CountJobEnd(*metrics_, change);
  const uint64_t published = change.model_version > 0 ? change.fence : 0;
  executor_->TrySubmit([this, id = change.job_id, published] {
    const auto swept = SweepEndedJob(*blobs_, id, published);
    if (!swept.ok()) {
      logger_->Warning("files of an ended job stay until the next start",
                       {{"job", id}, {"error", swept.status().ToString()}});
    } else if (*swept > 0) {
      logger_->Info("files of an ended job deleted",
                    {{"job", id}, {"blobs", absl::StrCat(*swept)}});
    }
  });
}

}  // namespace graft::server
