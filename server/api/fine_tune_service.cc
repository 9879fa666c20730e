#include "server/api/fine_tune_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/error_reasons.h"
#include "core/base/refusals.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"
#include "server/api/fine_tune_request.h"
#include "server/api/list_page.h"
#include "server/api/resource_names.h"
#include "wire/dataset.h"
#include "wire/fine_tune_spec.h"
#include "wire/job.h"

namespace graft::server {
namespace {

constexpr int kEventsPerPage = 100;

// The store's refusal to enqueue, with what a program needs to know of it.
absl::Status ExplainEnqueue(const absl::Status& status, const std::string& dataset_id) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return WithReason(status, reasons::kRequestIdReused);
    case absl::StatusCode::kFailedPrecondition:
      return WithReason(status, reasons::kJobDeleted);
    case absl::StatusCode::kNotFound:
      return DatasetNotFound(dataset_id);
    default:
      return status;
  }
}

// Events after a sequence number, for Watch.
absl::StatusOr<EventPage> ReadPage(store::MetadataStore& store, const std::string& project,
                                   const std::string& job_id, uint64_t after) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<jobs::JobEvent> events,
                         store.ListEvents(project, job_id, after, kEventsPerPage));
  EventPage page;
  page.events.reserve(events.size());
  for (const jobs::JobEvent& event : events) {
    GRAFT_ASSIGN_OR_RETURN(page.events.emplace_back(), wire::ToProto(event));
    if (event.type != jobs::kStateEventType || !jobs::IsTerminal(event.state)) continue;
    GRAFT_ASSIGN_OR_RETURN(const jobs::Job job, store.GetJob(project, job_id));
    GRAFT_ASSIGN_OR_RETURN(*page.events.back().mutable_state()->mutable_job(), wire::ToProto(job));
    page.ended = true;  // a terminal state is a job's last event
  }
  if (events.empty()) {
    GRAFT_ASSIGN_OR_RETURN(const jobs::Job job, store.GetJob(project, job_id));
    page.ended = jobs::IsTerminal(job.state) && after >= job.last_event_sequence;
    if (job.state == jobs::JobState::kRunning) {
      GRAFT_ASSIGN_OR_RETURN(const v1::Job shown, wire::ToProto(job));
      if (shown.has_progress()) page.progress = shown.progress();
    }
  }
  return page;
}

}  // namespace

absl::StatusOr<std::optional<v1::StartFineTuneResponse>> FineTuneService::Repeated(
    const Caller& caller, const v1::StartFineTuneRequest& request) {
  if (request.request_id().empty() || request.validate_only()) return std::nullopt;
  jobs::Job asked;
  asked.project = caller.project();
  asked.kind = jobs::JobKind::kFineTune;
  asked.request_id = request.request_id();
  asked.spec_digest = RequestDigest(request);
  const auto found = environment_.store->FindRepeated(asked);
  if (!found.ok()) return ExplainEnqueue(found.status(), request.spec().dataset_id());
  if (!found->has_value()) return std::nullopt;
  v1::StartFineTuneResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(), wire::ToProto(**found));
  // As it was told the first time, where that can still be said.
  const auto resolved = wire::ResolveFineTuneSpec(request.spec());
  const auto backbone = environment_.backbones->Find(request.spec().backbone());
  const auto dataset =
      environment_.store->GetDataset(caller.project(), request.spec().dataset_id());
  if (resolved.ok() && backbone.ok() && dataset.ok()) {
    GRAFT_ASSIGN_OR_RETURN(const v1::Dataset shown, wire::ToProto(*dataset));
    const auto needs = CheckDataset(request.spec().task(), shown);
    if (needs.ok()) *response.mutable_estimate() = Estimate(*resolved, shown, *needs, **backbone);
  }
  return response;
}

absl::StatusOr<v1::StartFineTuneResponse> FineTuneService::StartFineTune(
    const Caller& caller, const v1::StartFineTuneRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckRequest(request));
  // A request that made a job once gets that job again, even if there is no room for another or its
  // dataset has gone since.
  GRAFT_ASSIGN_OR_RETURN(std::optional<v1::StartFineTuneResponse> repeated,
                         Repeated(caller, request));
  if (repeated.has_value()) return *std::move(repeated);
  GRAFT_RETURN_IF_ERROR(environment_.check_room());
  GRAFT_ASSIGN_OR_RETURN(const recipes::ResolvedFineTune resolved,
                         wire::ResolveFineTuneSpec(request.spec()));
  GRAFT_ASSIGN_OR_RETURN(const InstalledBackbone* backbone,
                         environment_.backbones->Find(request.spec().backbone()));
  const std::string& dataset_id = request.spec().dataset_id();
  GRAFT_ASSIGN_OR_RETURN(const store::Dataset dataset,
                         NotFoundAs(DatasetNotFound(dataset_id),
                                    environment_.store->GetDataset(caller.project(), dataset_id)));
  GRAFT_ASSIGN_OR_RETURN(const v1::Dataset shown, wire::ToProto(dataset));
  GRAFT_ASSIGN_OR_RETURN(const DatasetNeeds needs, CheckDataset(request.spec().task(), shown));
  GRAFT_RETURN_IF_ERROR(CheckNetwork(resolved.config, *backbone, needs.outputs));
  v1::StartFineTuneResponse response;
  *response.mutable_estimate() = Estimate(resolved, shown, needs, *backbone);
  jobs::Job job = MakeJob(request, caller.project(), resolved, dataset, *backbone);
  if (request.validate_only()) {
    GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(), wire::ToProto(job));
    response.mutable_job()->clear_create_time();
    return response;
  }
  job.id = environment_.ids->NewId("job");
  const auto enqueued = environment_.store->EnqueueJob(job);
  if (!enqueued.ok()) return ExplainEnqueue(enqueued.status(), dataset_id);
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(), wire::ToProto(enqueued->job));
  response.set_created(enqueued->created);
  if (enqueued->created) {
    environment_.logger->Info("job queued", {{"job", job.id},
                                             {"project", caller.project()},
                                             {"backbone", job.backbone},
                                             {"strategy", job.strategy},
                                             {"dataset", job.dataset_id},
                                             {"request", caller.request_id()}});
  }
  return response;
}

absl::StatusOr<v1::GetStatusResponse> FineTuneService::GetStatus(
    const Caller& caller, const v1::GetStatusRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckId("job_id", request.job_id()));
  GRAFT_ASSIGN_OR_RETURN(const jobs::Job job, NotFoundAs(JobNotFound(request.job_id()),
                                                         environment_.store->GetJob(
                                                             caller.project(), request.job_id())));
  v1::GetStatusResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(), wire::ToProto(job));
  return response;
}

absl::StatusOr<std::shared_ptr<WatchStream>> FineTuneService::Watch(
    const Caller& caller, const v1::WatchRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckId("job_id", request.job_id()));
  // The request is gone before the stream ends: what is needed of it is copied.
  const WatchedJob job = {caller.project(), request.job_id()};
  return MakeWatchStream(*environment_.watches, job, request.after_sequence(),
                         [store = environment_.store, job](uint64_t after) {
                           return NotFoundAs(JobNotFound(job.job_id),
                                             ReadPage(*store, job.project, job.job_id, after));
                         });
}

absl::StatusOr<v1::ListJobsResponse> FineTuneService::ListJobs(const Caller& caller,
                                                               const v1::ListJobsRequest& request) {
  GRAFT_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
  GRAFT_ASSIGN_OR_RETURN(const store::JobFilter filter, FilterOf(request));
  v1::ListJobsResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                         FillPage(
                             size, request.page_token(),
                             [&](const store::PageOptions& page) {
                               return environment_.store->ListJobs(caller.project(), filter, page);
                             },
                             [](const jobs::Job& job) -> absl::StatusOr<std::optional<v1::Job>> {
                               return wire::ToProto(job);
                             },
                             response.mutable_jobs()));
  return response;
}

absl::StatusOr<v1::CancelJobResponse> FineTuneService::CancelJob(
    const Caller& caller, const v1::CancelJobRequest& request) {
  v1::CancelJobResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(),
                         Ask(caller, request.job_id(), jobs::DesiredState::kCancel));
  return response;
}

absl::StatusOr<v1::PauseJobResponse> FineTuneService::PauseJob(const Caller& caller,
                                                               const v1::PauseJobRequest& request) {
  v1::PauseJobResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(),
                         Ask(caller, request.job_id(), jobs::DesiredState::kPause));
  return response;
}

absl::StatusOr<v1::ResumeJobResponse> FineTuneService::ResumeJob(
    const Caller& caller, const v1::ResumeJobRequest& request) {
  v1::ResumeJobResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(),
                         Ask(caller, request.job_id(), jobs::DesiredState::kRun));
  return response;
}

absl::StatusOr<v1::StopJobResponse> FineTuneService::StopJob(const Caller& caller,
                                                             const v1::StopJobRequest& request) {
  v1::StopJobResponse response;
  GRAFT_ASSIGN_OR_RETURN(*response.mutable_job(),
                         Ask(caller, request.job_id(), jobs::DesiredState::kStop));
  return response;
}

absl::StatusOr<v1::Job> FineTuneService::Ask(const Caller& caller, const std::string& job_id,
                                             jobs::DesiredState desired) {
  GRAFT_RETURN_IF_ERROR(CheckId("job_id", job_id));
  absl::StatusOr<jobs::Job> job =
      environment_.store->RequestDesired(caller.project(), job_id, desired);
  if (absl::IsFailedPrecondition(job.status())) {
    if (desired != jobs::DesiredState::kCancel) {
      return WithReason(job.status(), reasons::kJobState);
    }
    // It ended on its own, perhaps just now: the answer says how.
    job = environment_.store->GetJob(caller.project(), job_id);
  }
  job = NotFoundAs(JobNotFound(job_id), std::move(job));
  GRAFT_RETURN_IF_ERROR(job.status());
  environment_.logger->Info("asked of a job", {{"job", job_id},
                                               {"project", caller.project()},
                                               {"desired", jobs::DesiredStateName(desired)},
                                               {"state", jobs::JobStateName(job->state)},
                                               {"request", caller.request_id()}});
  return wire::ToProto(*job);
}

absl::StatusOr<v1::DeleteJobResponse> FineTuneService::DeleteJob(
    const Caller& caller, const v1::DeleteJobRequest& request) {
  GRAFT_RETURN_IF_ERROR(CheckId("job_id", request.job_id()));
  const std::string& id = request.job_id();
  const absl::Status deleted = environment_.store->DeleteJob(caller.project(), id);
  if (absl::IsNotFound(deleted)) return JobNotFound(id);
  if (absl::IsFailedPrecondition(deleted)) return WithReason(deleted, reasons::kJobNotEnded);
  GRAFT_RETURN_IF_ERROR(deleted);
  const absl::Status swept =
      environment_.blobs->DeletePrefix(artifacts::Below(artifacts::CheckpointPrefix(id)));
  if (!swept.ok()) {
    environment_.logger->Warning("checkpoints of a deleted job stay until the next start",
                                 {{"job", id}, {"error", swept.ToString()}});
  }
  environment_.logger->Info(
      "job deleted",
      {{"job", id}, {"project", caller.project()}, {"request", caller.request_id()}});
  return v1::DeleteJobResponse();
}

}  // namespace graft::server
