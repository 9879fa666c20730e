#ifndef GRAFT_CORE_STORE_SQLITE_APPLY_TRANSITION_H_
#define GRAFT_CORE_STORE_SQLITE_APPLY_TRANSITION_H_

#include "absl/status/status.h"

#include "core/jobs/transitions.h"
#include "core/store/sqlite/job_rows.h"

namespace graft::store::sqlite {

// Takes what the rules of core/jobs decided into the row, with its state event where the state
// changes. The caller saves the job.
absl::Status ApplyTransition(Session& session, JobRow& row, const jobs::JobTransition& after);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_APPLY_TRANSITION_H_
