#ifndef GRAFT_CORE_STORE_SQLITE_JOB_ROWS_H_
#define GRAFT_CORE_STORE_SQLITE_JOB_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/jobs/job.h"
#include "core/store/sqlite/session.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {

// A job with its place in the order of creation.
struct JobRow {
  int64_t seq = 0;
  jobs::Job job;
};

// The columns that ReadJob expects, in order: "SELECT <columns> FROM jobs ...".
absl::string_view JobColumns();

// The job in the current row, with its labels.
absl::StatusOr<JobRow> ReadJob(Session& session, const Statement& statement);

// NOT_FOUND when there is none.
absl::StatusOr<JobRow> LoadJob(Session& session, absl::string_view job_id);
// The same for one that must belong to `project`.
absl::StatusOr<JobRow> LoadJobOf(Session& session, absl::string_view project,
                                 absl::string_view job_id);

// Adds the job with its labels and sets row.seq.
absl::Status InsertJob(Session& session, JobRow& row);

// Writes what can change of a job, and notes the change for the observer.
absl::Status SaveJob(Session& session, const JobRow& row);

// The job's report, which has a row of its own: "" where there is none. JobRow is without.
absl::Status SaveReport(Session& session, const JobRow& row, absl::string_view report);
absl::StatusOr<std::string> LoadReport(Session& session, const JobRow& row);

// Gives the event its sequence number, fence and time, and adds it. The caller saves the job.
absl::Status AppendEvent(Session& session, JobRow& row, jobs::JobEvent event);

// Moves the job along the state table (INTERNAL for a move that isn't there), with a state event.
// Ends the lease when it leaves RUNNING. The caller saves the job.
absl::Status MoveJob(Session& session, JobRow& row, jobs::JobState to, absl::string_view detail);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_JOB_ROWS_H_
