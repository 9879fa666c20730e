#include "core/store/sqlite/jobs.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/error_reasons.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"
#include "core/jobs/transitions.h"
#include "core/store/exhausted.h"
#include "core/store/sqlite/apply_transition.h"
#include "core/store/sqlite/job_rows.h"
#include "core/store/sqlite/paging.h"
#include "core/store/sqlite/request_ids.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

absl::Status NotNow(const jobs::Job& job, absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("job \"", job.id, "\" is ", jobs::JobStateName(job.state), ": ", what));
}

absl::Status CheckRoom(Session& session) {
  Statement count(session.db, "SELECT COUNT(*) FROM jobs WHERE state = ?", jobs::JobState::kQueued);
  GRAFT_RETURN_IF_ERROR(count.Run());
  if (count.Int(0) < session.options.max_queued) return absl::OkStatus();
  return Exhausted(
      reasons::kQueueFull,
      absl::StrCat("the queue is full (", session.options.max_queued, " jobs); try again later"));
}

absl::Status CheckDataset(Session& session, const jobs::Job& job) {
  if (job.dataset_id.empty()) return absl::OkStatus();
  Statement select(session.db, "SELECT 1 FROM datasets WHERE project = ? AND id = ?", job.project,
                   job.dataset_id);
  GRAFT_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (found) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("dataset \"", job.dataset_id, "\" is not there; upload it first"));
}

}  // namespace

absl::StatusOr<EnqueueResult> EnqueueJob(Session& session, const jobs::Job& job) {
  if (job.id.empty() || job.project.empty()) {
    return absl::InvalidArgumentError("a job needs an id and a project");
  }
  GRAFT_ASSIGN_OR_RETURN(std::optional<jobs::Job> earlier, FindByRequest(session, job));
  if (earlier.has_value()) return EnqueueResult{*std::move(earlier), false};
  GRAFT_RETURN_IF_ERROR(CheckDataset(session, job));
  GRAFT_RETURN_IF_ERROR(CheckRoom(session));
  if (LoadJob(session, job.id).ok()) {
    return absl::AlreadyExistsError(absl::StrCat("job \"", job.id, "\" exists"));
  }

  JobRow row;
  // Only what its maker gives; the rest is the store's.
  row.job.id = job.id;
  row.job.project = job.project;
  row.job.kind = job.kind;
  row.job.spec = job.spec;
  row.job.spec_digest = job.spec_digest;
  row.job.request_id = job.request_id;
  row.job.task = job.task;
  row.job.strategy = job.strategy;
  row.job.architecture = job.architecture;
  row.job.backbone = job.backbone;
  row.job.backbone_digest = job.backbone_digest;
  row.job.dataset_id = job.dataset_id;
  row.job.dataset_digest = job.dataset_digest;
  row.job.model_name = job.model_name;
  row.job.device = job.device;
  row.job.labels = job.labels;
  row.job.create_time = session.now;
  GRAFT_RETURN_IF_ERROR(InsertJob(session, row));
  GRAFT_FAILPOINT("store.enqueue.after_insert");
  jobs::JobEvent event;
  event.type = jobs::kStateEventType;
  event.state = jobs::JobState::kQueued;
  GRAFT_RETURN_IF_ERROR(AppendEvent(session, row, std::move(event)));
  GRAFT_RETURN_IF_ERROR(SaveJob(session, row));
  return EnqueueResult{std::move(row.job), true};
}

absl::StatusOr<jobs::Job> GetJob(Session& session, absl::string_view project,
                                 absl::string_view job_id) {
  GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJobOf(session, project, job_id));
  GRAFT_ASSIGN_OR_RETURN(row.job.report, LoadReport(session, row));
  return std::move(row.job);
}

absl::StatusOr<Page<jobs::Job>> ListJobs(Session& session, absl::string_view project,
                                         const JobFilter& filter, const PageOptions& page) {
  GRAFT_ASSIGN_OR_RETURN(const PageStart start, StartOfPage("jobs", page));
  std::string sql =
      absl::StrCat("SELECT ", JobColumns(), " FROM jobs WHERE project = ? AND seq < ?");
  if (!filter.states.empty()) {
    // Numbers of an enum, not text of a user's.
    absl::StrAppend(&sql, " AND state IN (",
                    absl::StrJoin(filter.states, ",",
                                  [](std::string* out, jobs::JobState state) {
                                    absl::StrAppend(out, static_cast<int>(state));
                                  }),
                    ")");
  }
  if (!filter.model_name.empty()) absl::StrAppend(&sql, " AND model_name = ?");
  for (size_t i = 0; i < filter.labels.size(); ++i) {
    absl::StrAppend(&sql,
                    " AND EXISTS (SELECT 1 FROM job_labels WHERE job_seq = jobs.seq AND key = ? "
                    "AND value = ?)");
  }
  absl::StrAppend(&sql, " ORDER BY seq DESC LIMIT ?");
  Statement select(session.db, sql, project, start.before);
  if (!filter.model_name.empty()) select.Bind(filter.model_name);
  for (const auto& [key, value] : filter.labels) {
    select.Bind(key);
    select.Bind(value);
  }
  select.Bind(start.size + 1);  // one more tells whether there is a next page

  Page<jobs::Job> result;
  int64_t last_seq = 0;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return result;
    if (static_cast<int>(result.items.size()) == start.size) {
      result.next_page_token = PageToken("jobs", last_seq);
      return result;
    }
    GRAFT_ASSIGN_OR_RETURN(JobRow row, ReadJob(session, select));
    last_seq = row.seq;
    result.items.push_back(std::move(row.job));
  }
}

absl::StatusOr<std::vector<jobs::JobEvent>> ListEvents(Session& session, absl::string_view project,
                                                       absl::string_view job_id,
                                                       uint64_t after_sequence, int limit) {
  if (limit < 1 || limit > 10'000) {
    return absl::InvalidArgumentError(absl::StrCat("limit: ", limit, " is not from 1 to 10000"));
  }
  GRAFT_ASSIGN_OR_RETURN(const JobRow row, LoadJobOf(session, project, job_id));
  std::vector<jobs::JobEvent> events;
  if (after_sequence >= row.job.last_event_sequence) return events;
  Statement select(session.db,
                   "SELECT sequence, fence, time, type, payload, state, detail FROM job_events "
                   "WHERE job_seq = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                   row.seq, after_sequence, limit);
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return events;
    jobs::JobEvent event;
    event.job_id = row.job.id;
    event.sequence = static_cast<uint64_t>(select.Int(0));
    event.fence = static_cast<uint64_t>(select.Int(1));
    event.time = select.Time(2);
    event.type = select.Text(3);
    event.payload = select.Text(4);
    event.state = select.Enum<jobs::JobState>(5);
    event.detail = select.Text(6);
    events.push_back(std::move(event));
  }
}

absl::StatusOr<jobs::Job> RequestDesired(Session& session, absl::string_view project,
                                         absl::string_view job_id, jobs::DesiredState desired) {
  GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJobOf(session, project, job_id));
  jobs::Job& job = row.job;
  const jobs::JobLifecycle before = jobs::LifecycleOf(job);
  const absl::StatusOr<jobs::JobTransition> after = jobs::AfterRequest(before, desired);
  if (absl::IsFailedPrecondition(after.status())) return NotNow(job, after.status().message());
  GRAFT_RETURN_IF_ERROR(after.status());
  if (after->to == before) return std::move(row.job);
  GRAFT_RETURN_IF_ERROR(ApplyTransition(session, row, *after));
  GRAFT_RETURN_IF_ERROR(SaveJob(session, row));
  return std::move(row.job);
}

absl::Status DeleteJob(Session& session, absl::string_view project, absl::string_view job_id) {
  GRAFT_ASSIGN_OR_RETURN(const JobRow row, LoadJobOf(session, project, job_id));
  if (!jobs::IsTerminal(row.job.state)) return NotNow(row.job, "cancel it before deleting it");
  Statement remove(session.db, "DELETE FROM jobs WHERE seq = ?", row.seq);
  GRAFT_RETURN_IF_ERROR(remove.Run());
  GRAFT_RETURN_IF_ERROR(RememberRequest(session, row.job));
  JobChange change = ChangeOf(row.job);
  change.deleted = true;
  session.changes.push_back(std::move(change));
  return absl::OkStatus();
}

absl::StatusOr<std::map<jobs::JobState, int64_t>> CountJobs(Session& session) {
  std::map<jobs::JobState, int64_t> counts;
  for (const jobs::JobState state : jobs::kAllJobStates) counts[state] = 0;
  Statement select(session.db, "SELECT state, COUNT(*) FROM jobs GROUP BY state");
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return counts;
    counts[select.Enum<jobs::JobState>(0)] = select.Int(1);
  }
}

}  // namespace graft::store::sqlite
