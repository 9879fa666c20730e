#include "core/store/sqlite/apply_transition.h"

namespace graft::store::sqlite {

absl::Status ApplyTransition(Session& session, JobRow& row, const jobs::JobTransition& after) {
  jobs::Job& job = row.job;
  job.desired = after.to.desired;
  job.crashes = after.to.crashes;
  job.unclean_ends = after.to.unclean_ends;
  // What a worker said of a failure is not the rules' to change.
  if (!after.error.code.empty()) job.error = after.error;
  if (after.to.state == job.state) return absl::OkStatus();
  return MoveJob(session, row, after.to.state, after.detail);
}

}  // namespace graft::store::sqlite
