#ifndef GRAFT_CORE_STORE_SQLITE_LEASES_H_
#define GRAFT_CORE_STORE_SQLITE_LEASES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/store/sqlite/session.h"

// The job verbs of MetadataStore for workers and their watchers, inside an open transaction.
namespace graft::store::sqlite {

absl::StatusOr<std::optional<jobs::Job>> ClaimNextJob(Session& session, absl::string_view worker_id,
                                                      const jobs::Capabilities& capabilities);
absl::StatusOr<jobs::DesiredState> RenewLease(Session& session, absl::string_view job_id,
                                              uint64_t fence);
absl::StatusOr<ReportResult> ReportEvents(Session& session, absl::string_view job_id,
                                          uint64_t fence, const EventReport& report);
absl::StatusOr<jobs::Job> FinishJob(Session& session, absl::string_view job_id, uint64_t fence,
                                    const JobOutcome& outcome);
absl::StatusOr<jobs::Job> ReleaseJob(Session& session, absl::string_view job_id, uint64_t fence,
                                     ReleaseReason reason, absl::string_view cause);
absl::StatusOr<std::vector<jobs::RunningLease>> ListRunningJobs(Session& session);
absl::StatusOr<std::vector<jobs::Job>> RequeueRunningOnStart(Session& session);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_LEASES_H_
