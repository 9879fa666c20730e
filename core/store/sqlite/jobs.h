#ifndef GRAFT_CORE_STORE_SQLITE_JOBS_H_
#define GRAFT_CORE_STORE_SQLITE_JOBS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "core/store/sqlite/session.h"

// The job verbs of MetadataStore for users, inside an open transaction.
namespace graft::store::sqlite {

absl::StatusOr<EnqueueResult> EnqueueJob(Session& session, const jobs::Job& job);
absl::StatusOr<jobs::Job> GetJob(Session& session, absl::string_view project,
                                 absl::string_view job_id);
absl::StatusOr<Page<jobs::Job>> ListJobs(Session& session, absl::string_view project,
                                         const JobFilter& filter, const PageOptions& page);
absl::StatusOr<std::vector<jobs::JobEvent>> ListEvents(Session& session, absl::string_view project,
                                                       absl::string_view job_id,
                                                       uint64_t after_sequence, int limit);
absl::StatusOr<jobs::Job> RequestDesired(Session& session, absl::string_view project,
                                         absl::string_view job_id, jobs::DesiredState desired);
absl::Status DeleteJob(Session& session, absl::string_view project, absl::string_view job_id);
absl::StatusOr<std::map<jobs::JobState, int64_t>> CountJobs(Session& session);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_JOBS_H_
