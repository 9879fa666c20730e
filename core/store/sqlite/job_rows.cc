#include "core/store/sqlite/job_rows.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"

namespace graft::store::sqlite {
namespace {

constexpr char kColumns[] =
    "seq, id, project, kind, spec, spec_digest, request_id, task, strategy, architecture, "
    "backbone, backbone_digest, dataset_id, dataset_digest, model_name, device, state, desired, "
    "create_time, start_time, end_time, fence, crashes, attempts, worker_id, renewals, progress, "
    "stop_reason, error_code, error_message, error_field, error_hint, model_version, "
    "last_event_sequence, unclean_ends, last_batch";

absl::Status NoSuchJob(absl::string_view job_id) {
  return absl::NotFoundError(absl::StrCat("job \"", job_id, "\" not found"));
}

}  // namespace

absl::string_view JobColumns() { return kColumns; }

absl::StatusOr<JobRow> ReadJob(Session& session, const Statement& statement) {
  JobRow row;
  jobs::Job& job = row.job;
  int column = 0;
  row.seq = statement.Int(column++);
  job.id = statement.Text(column++);
  job.project = statement.Text(column++);
  job.kind = statement.Enum<jobs::JobKind>(column++);
  job.spec = statement.Text(column++);
  job.spec_digest = statement.Text(column++);
  job.request_id = statement.Text(column++);
  job.task = statement.Text(column++);
  job.strategy = statement.Text(column++);
  job.architecture = statement.Text(column++);
  job.backbone = statement.Text(column++);
  job.backbone_digest = statement.Text(column++);
  job.dataset_id = statement.Text(column++);
  job.dataset_digest = statement.Text(column++);
  job.model_name = statement.Text(column++);
  job.device = statement.Text(column++);
  job.state = statement.Enum<jobs::JobState>(column++);
  job.desired = statement.Enum<jobs::DesiredState>(column++);
  job.create_time = statement.Time(column++);
  job.start_time = statement.Time(column++);
  job.end_time = statement.Time(column++);
  job.fence = static_cast<uint64_t>(statement.Int(column++));
  job.crashes = static_cast<int>(statement.Int(column++));
  job.attempts = static_cast<int>(statement.Int(column++));
  job.worker_id = statement.Text(column++);
  job.renewals = static_cast<uint64_t>(statement.Int(column++));
  job.progress = statement.Text(column++);
  job.stop_reason = statement.Text(column++);
  job.error.code = statement.Text(column++);
  job.error.message = statement.Text(column++);
  job.error.field = statement.Text(column++);
  job.error.hint = statement.Text(column++);
  job.model_version = statement.Int(column++);
  job.last_event_sequence = static_cast<uint64_t>(statement.Int(column++));
  job.unclean_ends = static_cast<int>(statement.Int(column++));
  job.last_batch = static_cast<uint64_t>(statement.Int(column++));

  Statement labels(session.db, "SELECT key, value FROM job_labels WHERE job_seq = ?", row.seq);
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, labels.Step());
    if (!more) return row;
    job.labels[labels.Text(0)] = labels.Text(1);
  }
}

absl::StatusOr<JobRow> LoadJob(Session& session, absl::string_view job_id) {
  Statement select(session.db, absl::StrCat("SELECT ", kColumns, " FROM jobs WHERE id = ?"),
                   job_id);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return NoSuchJob(job_id);
  return ReadJob(session, select);
}

absl::StatusOr<JobRow> LoadJobOf(Session& session, absl::string_view project,
                                 absl::string_view job_id) {
  GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJob(session, job_id));
  if (row.job.project != project) return NoSuchJob(job_id);
  return row;
}

absl::Status InsertJob(Session& session, JobRow& row) {
  const jobs::Job& job = row.job;
  Statement insert(
      session.db,
      "INSERT INTO jobs (id, project, kind, spec, spec_digest, request_id, task, strategy, "
      "architecture, backbone, backbone_digest, dataset_id, dataset_digest, model_name, device, "
      "state, desired, create_time, fence, crashes, attempts, worker_id, renewals, progress, "
      "stop_reason, error_code, error_message, error_field, error_hint, model_version, "
      "last_event_sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "0, 0, 0, '', 0, x'', '', '', '', '', '', 0, 0)",
      job.id, job.project, job.kind, Blob{job.spec}, job.spec_digest);
  // NULLs are never equal: jobs without a request id are not unique by it.
  if (job.request_id.empty()) {
    insert.Bind(std::nullopt);
  } else {
    insert.Bind(job.request_id);
  }
  for (const std::string* text :
       {&job.task, &job.strategy, &job.architecture, &job.backbone, &job.backbone_digest,
        &job.dataset_id, &job.dataset_digest, &job.model_name, &job.device}) {
    insert.Bind(*text);
  }
  insert.Bind(job.state);
  insert.Bind(job.desired);
  insert.Bind(job.create_time);
  GRAFT_RETURN_IF_ERROR(insert.Run());
  row.seq = LastRowId(session.db);
  for (const auto& [key, value] : job.labels) {
    Statement label(session.db, "INSERT INTO job_labels (job_seq, key, value) VALUES (?, ?, ?)",
                    row.seq, key, value);
    GRAFT_RETURN_IF_ERROR(label.Run());
  }
  return absl::OkStatus();
}

absl::Status SaveJob(Session& session, const JobRow& row) {
  const jobs::Job& job = row.job;
  Statement update(
      session.db,
      "UPDATE jobs SET state = ?, desired = ?, start_time = ?, end_time = ?, fence = ?, "
      "crashes = ?, attempts = ?, worker_id = ?, renewals = ?, progress = ?, "
      "stop_reason = ?, error_code = ?, error_message = ?, error_field = ?, error_hint = ?, "
      "model_version = ?, last_event_sequence = ?, unclean_ends = ?, last_batch = ? WHERE seq = ?",
      job.state, job.desired, job.start_time, job.end_time, job.fence, job.crashes, job.attempts,
      job.worker_id, job.renewals, Blob{job.progress}, job.stop_reason, job.error.code,
      job.error.message, job.error.field, job.error.hint, job.model_version,
      job.last_event_sequence, job.unclean_ends, job.last_batch, row.seq);
  GRAFT_RETURN_IF_ERROR(update.Run());
  session.changes.push_back(ChangeOf(job));
  return absl::OkStatus();
}

absl::Status SaveReport(Session& session, const JobRow& row, absl::string_view report) {
  Statement insert(session.db, "INSERT OR REPLACE INTO job_reports (job_seq, report) VALUES (?, ?)",
                   row.seq, Blob{report});
  return insert.Run();
}

absl::StatusOr<std::string> LoadReport(Session& session, const JobRow& row) {
  Statement select(session.db, "SELECT report FROM job_reports WHERE job_seq = ?", row.seq);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  return found ? select.Text(0) : std::string();
}

absl::Status AppendEvent(Session& session, JobRow& row, jobs::JobEvent event) {
  const uint64_t sequence = ++row.job.last_event_sequence;
  Statement insert(session.db,
                   "INSERT INTO job_events (job_seq, sequence, fence, time, type, payload, state, "
                   "detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                   row.seq, sequence, row.job.fence, session.now, event.type, Blob{event.payload},
                   event.state, event.detail);
  return insert.Run();
}

absl::Status MoveJob(Session& session, JobRow& row, jobs::JobState to, absl::string_view detail) {
  jobs::Job& job = row.job;
  if (!jobs::CanMove(job.state, to)) {
    return absl::InternalError(absl::StrCat("job \"", job.id, "\" cannot go from ",
                                            jobs::JobStateName(job.state), " to ",
                                            jobs::JobStateName(to)));
  }
  job.state = to;
  if (to != jobs::JobState::kRunning) job.worker_id.clear();
  if (jobs::IsTerminal(to)) job.end_time = session.now;
  jobs::JobEvent event;
  event.type = jobs::kStateEventType;
  event.state = to;
  event.detail = std::string(detail);
  return AppendEvent(session, row, std::move(event));
}

}  // namespace graft::store::sqlite
