#include "core/store/sqlite/leases.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"
#include "core/jobs/transitions.h"
#include "core/store/sqlite/apply_transition.h"
#include "core/store/sqlite/job_rows.h"
#include "core/store/sqlite/models.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

// ABORTED unless the job runs under this very lease.
absl::Status CheckLease(const jobs::Job& job, uint64_t fence) {
  if (job.state == jobs::JobState::kRunning && job.fence == fence) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("job \"", job.id, "\": lease ", fence,
                                         " is over (the job is ", jobs::JobStateName(job.state),
                                         " at lease ", job.fence, "); drop the job"));
}

// The oldest queued job of each sort that the policy tells apart.
absl::StatusOr<std::vector<jobs::QueuedJob>> QueueHeads(Session& session) {
  std::vector<jobs::QueuedJob> heads;
  // Columns beside MIN are those of the row that has the minimum.
  Statement select(session.db,
                   "SELECT MIN(seq), id, project, kind, task, architecture, device FROM jobs "
                   "WHERE state = ? GROUP BY project, kind, task, architecture, device",
                   jobs::JobState::kQueued);
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return heads;
    jobs::QueuedJob job;
    job.order = static_cast<uint64_t>(select.Int(0));
    job.id = select.Text(1);
    job.project = select.Text(2);
    job.kind = select.Enum<jobs::JobKind>(3);
    job.task = select.Text(4);
    job.architecture = select.Text(5);
    job.device = select.Text(6);
    heads.push_back(std::move(job));
  }
}

absl::StatusOr<std::map<std::string, int>> RunningPerProject(Session& session) {
  std::map<std::string, int> running;
  Statement select(session.db,
                   "SELECT project, COUNT(*) FROM jobs WHERE state = ? GROUP BY project",
                   jobs::JobState::kRunning);
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return running;
    running[select.Text(0)] = static_cast<int>(select.Int(1));
  }
}

absl::Status AppendReported(Session& session, JobRow& row,
                            const std::vector<jobs::JobEvent>& events) {
  for (const jobs::JobEvent& reported : events) {
    if (reported.type.empty() || reported.type == jobs::kStateEventType) {
      return absl::InvalidArgumentError(
          absl::StrCat("events: a reported event may not be of type \"", reported.type, "\""));
    }
    jobs::JobEvent event;
    event.type = reported.type;
    event.payload = reported.payload;
    event.state = row.job.state;
    event.detail = reported.detail;
    GRAFT_RETURN_IF_ERROR(AppendEvent(session, row, std::move(event)));
  }
  return absl::OkStatus();
}

absl::Status CheckOutcome(const jobs::Job& job, const JobOutcome& outcome) {
  const bool succeeded = outcome.state == jobs::JobState::kSucceeded;
  if (outcome.version.has_value() && (!succeeded || job.model_name.empty())) {
    return absl::InvalidArgumentError(
        "outcome: only a job that succeeded and names a model publishes a version");
  }
  if (succeeded && job.kind == jobs::JobKind::kFineTune && !job.model_name.empty() &&
      !outcome.version.has_value()) {
    return absl::InvalidArgumentError("outcome: a fine-tune that succeeded must publish a version");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<jobs::Job>> ClaimNextJob(Session& session, absl::string_view worker_id,
                                                      const jobs::Capabilities& capabilities) {
  if (worker_id.empty()) return absl::InvalidArgumentError("worker_id: empty");
  GRAFT_ASSIGN_OR_RETURN(const std::vector<jobs::QueuedJob> queued, QueueHeads(session));
  if (queued.empty()) return std::optional<jobs::Job>();
  GRAFT_ASSIGN_OR_RETURN(const auto running, RunningPerProject(session));
  const std::optional<size_t> chosen = jobs::ChooseNextJob(queued, running, capabilities);
  if (!chosen.has_value()) return std::optional<jobs::Job>();
  GRAFT_FAILPOINT("store.claim.before_update");
  GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJob(session, queued[*chosen].id));
  jobs::Job& job = row.job;
  ++job.fence;
  ++job.attempts;
  job.renewals = 0;
  job.last_batch = 0;
  job.worker_id = std::string(worker_id);
  if (job.start_time == absl::InfinitePast()) job.start_time = session.now;
  GRAFT_ASSIGN_OR_RETURN(const jobs::JobTransition after,
                         jobs::AfterClaim(jobs::LifecycleOf(job), job.attempts));
  GRAFT_RETURN_IF_ERROR(ApplyTransition(session, row, after));
  GRAFT_RETURN_IF_ERROR(SaveJob(session, row));
  return std::optional<jobs::Job>(std::move(row.job));
}

absl::StatusOr<jobs::DesiredState> RenewLease(Session& session, absl::string_view job_id,
                                              uint64_t fence) {
  GRAFT_FAILPOINT("store.renew.before_update");
  // Not SaveJob: a renewal is often, and is no change that anybody watches.
  Statement update(session.db,
                   "UPDATE jobs SET renewals = renewals + 1 WHERE id = ? AND fence = ? AND "
                   "state = ? RETURNING desired",
                   job_id, fence, jobs::JobState::kRunning);
  GRAFT_ASSIGN_OR_RETURN(const bool renewed, update.Step());
  if (renewed) return update.Enum<jobs::DesiredState>(0);
  GRAFT_ASSIGN_OR_RETURN(const JobRow row, LoadJob(session, job_id));
  return CheckLease(row.job, fence);
}

absl::StatusOr<ReportResult> ReportEvents(Session& session, absl::string_view job_id,
                                          uint64_t fence, const EventReport& report) {
  GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJob(session, job_id));
  GRAFT_RETURN_IF_ERROR(CheckLease(row.job, fence));
  if (report.batch != 0 && report.batch <= row.job.last_batch) {
    return ReportResult{row.job.last_event_sequence, false};
  }
  GRAFT_FAILPOINT("store.report.before_insert");
  GRAFT_RETURN_IF_ERROR(AppendReported(session, row, report.events));
  if (report.progress.has_value()) row.job.progress = *report.progress;
  if (report.batch != 0) row.job.last_batch = report.batch;
  if (report.advanced) row.job.unclean_ends = 0;
  GRAFT_RETURN_IF_ERROR(SaveJob(session, row));
  return ReportResult{row.job.last_event_sequence, true};
}

absl::StatusOr<jobs::Job> FinishJob(Session& session, absl::string_view job_id, uint64_t fence,
                                    const JobOutcome& outcome) {
  GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJob(session, job_id));
  jobs::Job& job = row.job;
  // The same lease ended in the same way: the answer before got lost.
  if (job.fence == fence && job.state == outcome.state && job.state != jobs::JobState::kRunning) {
    return std::move(row.job);
  }
  GRAFT_RETURN_IF_ERROR(CheckLease(job, fence));
  GRAFT_ASSIGN_OR_RETURN(
      const jobs::JobTransition after,
      jobs::AfterFinish(jobs::LifecycleOf(job), outcome.state, outcome.stop_reason));
  GRAFT_RETURN_IF_ERROR(CheckOutcome(job, outcome));
  GRAFT_RETURN_IF_ERROR(AppendReported(session, row, outcome.events));
  if (outcome.progress.has_value()) job.progress = *outcome.progress;
  if (outcome.state != jobs::JobState::kPaused) {
    if (!outcome.report.empty()) GRAFT_RETURN_IF_ERROR(SaveReport(session, row, outcome.report));
    job.stop_reason = outcome.stop_reason;
    if (outcome.state == jobs::JobState::kFailed) job.error = outcome.error;
  }
  GRAFT_FAILPOINT("store.finish.before_publish");
  if (outcome.version.has_value()) {
    GRAFT_ASSIGN_OR_RETURN(job.model_version, PublishVersion(session, job, outcome));
  }
  GRAFT_FAILPOINT("store.finish.after_publish");
  GRAFT_RETURN_IF_ERROR(ApplyTransition(session, row, after));
  GRAFT_RETURN_IF_ERROR(SaveJob(session, row));
  return std::move(row.job);
}

absl::StatusOr<jobs::Job> ReleaseJob(Session& session, absl::string_view job_id, uint64_t fence,
                                     ReleaseReason reason, absl::string_view cause) {
  GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJob(session, job_id));
  GRAFT_RETURN_IF_ERROR(CheckLease(row.job, fence));
  const jobs::JobLifecycle now = jobs::LifecycleOf(row.job);
  GRAFT_ASSIGN_OR_RETURN(const jobs::JobTransition after,
                         reason == ReleaseReason::kDrained
                             ? jobs::AfterRelease(now, cause)
                             : jobs::AfterWorkerDeath(now, session.options.retry, cause));
  GRAFT_RETURN_IF_ERROR(ApplyTransition(session, row, after));
  GRAFT_RETURN_IF_ERROR(SaveJob(session, row));
  return std::move(row.job);
}

absl::StatusOr<std::vector<jobs::RunningLease>> ListRunningJobs(Session& session) {
  std::vector<jobs::RunningLease> leases;
  Statement select(session.db,
                   "SELECT id, fence, renewals, worker_id FROM jobs WHERE state = ? ORDER BY seq",
                   jobs::JobState::kRunning);
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return leases;
    leases.push_back({select.Text(0), static_cast<uint64_t>(select.Int(1)),
                      static_cast<uint64_t>(select.Int(2)), select.Text(3)});
  }
}

absl::StatusOr<std::vector<jobs::Job>> RequeueRunningOnStart(Session& session) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<jobs::RunningLease> leases, ListRunningJobs(session));
  std::vector<jobs::Job> jobs;
  for (const jobs::RunningLease& lease : leases) {
    GRAFT_ASSIGN_OR_RETURN(JobRow row, LoadJob(session, lease.job_id));
    GRAFT_ASSIGN_OR_RETURN(
        const jobs::JobTransition after,
        jobs::AfterServerStart(jobs::LifecycleOf(row.job), session.options.retry));
    GRAFT_RETURN_IF_ERROR(ApplyTransition(session, row, after));
    GRAFT_RETURN_IF_ERROR(SaveJob(session, row));
    jobs.push_back(std::move(row.job));
  }
  return jobs;
}

}  // namespace graft::store::sqlite
