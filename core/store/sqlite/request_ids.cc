#include "core/store/sqlite/request_ids.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/store/sqlite/job_rows.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

absl::Status CheckContent(const jobs::Job& job, jobs::JobKind kind, const std::string& digest,
                          const std::string& earlier_id) {
  if (kind == job.kind && digest == job.spec_digest) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat("request_id \"", job.request_id,
                                               "\" was used for job \"", earlier_id,
                                               "\" with other content; send a new request_id"));
}

}  // namespace

absl::StatusOr<std::optional<jobs::Job>> FindByRequest(Session& session, const jobs::Job& job) {
  if (job.request_id.empty()) return std::optional<jobs::Job>();
  Statement select(
      session.db,
      absl::StrCat("SELECT ", JobColumns(), " FROM jobs WHERE project = ? AND request_id = ?"),
      job.project, job.request_id);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (found) {
    GRAFT_ASSIGN_OR_RETURN(JobRow row, ReadJob(session, select));
    GRAFT_RETURN_IF_ERROR(CheckContent(job, row.job.kind, row.job.spec_digest, row.job.id));
    return std::optional<jobs::Job>(std::move(row.job));
  }
  Statement deleted(session.db,
                    "SELECT kind, spec_digest, job_id FROM deleted_requests "
                    "WHERE project = ? AND request_id = ? AND delete_time > ?",
                    job.project, job.request_id, session.now - kRequestIdsKept);
  GRAFT_ASSIGN_OR_RETURN(const bool was_deleted, deleted.Step());
  if (!was_deleted) return std::optional<jobs::Job>();
  const std::string id = deleted.Text(2);
  GRAFT_RETURN_IF_ERROR(CheckContent(job, deleted.Enum<jobs::JobKind>(0), deleted.Text(1), id));
  return absl::FailedPreconditionError(
      absl::StrCat("the job of request_id \"", job.request_id, "\", \"", id,
                   "\", was deleted; send a new request_id to start another"));
}

absl::Status RememberRequest(Session& session, const jobs::Job& job) {
  Statement prune(session.db, "DELETE FROM deleted_requests WHERE delete_time <= ?",
                  session.now - kRequestIdsKept);
  GRAFT_RETURN_IF_ERROR(prune.Run());
  if (job.request_id.empty()) return absl::OkStatus();
  Statement insert(session.db,
                   "INSERT OR REPLACE INTO deleted_requests "
                   "(project, request_id, kind, spec_digest, job_id, delete_time) "
                   "VALUES (?, ?, ?, ?, ?, ?)",
                   job.project, job.request_id, job.kind, job.spec_digest, job.id, session.now);
  return insert.Run();
}

}  // namespace graft::store::sqlite
