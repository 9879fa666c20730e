#include "server/services/fine_tune_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"
#include "server/rpc_interceptor.h"
#include "server/services/fine_tune_request.h"
#include "server/services/resource_names.h"
#include "server/services/watch_stream.h"
#include "server/unary_call.h"
#include "wire/dataset.h"
#include "wire/fine_tune_spec.h"
#include "wire/job.h"
#include "wire/status.h"

namespace graft {
namespace {

constexpr int kEventsPerPage = 100;

// The store's refusal to enqueue, with what a program needs to know of it.
absl::Status ExplainEnqueue(const absl::Status& status, const std::string& dataset_id) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return WithReason(status, "REQUEST_ID_REUSED");
    case absl::StatusCode::kFailedPrecondition:
      return WithReason(status, "JOB_DELETED");
    case absl::StatusCode::kNotFound:
      return NotFound("dataset", dataset_id);
    default:
      return status;
  }
}

// Events after a sequence number, for Watch.
absl::StatusOr<EventPage> ReadPage(MetadataStore& store, const std::string& project,
                                   const std::string& job_id, uint64_t after) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<JobEvent> events,
                         store.ListEvents(project, job_id, after, kEventsPerPage));
  EventPage page;
  page.events.reserve(events.size());
  for (const JobEvent& event : events) {
    GRAFT_ASSIGN_OR_RETURN(page.events.emplace_back(), ToProto(event));
    if (event.type != kStateEventType || !IsTerminal(event.state)) continue;
    GRAFT_ASSIGN_OR_RETURN(const Job job, store.GetJob(project, job_id));
    GRAFT_ASSIGN_OR_RETURN(*page.events.back().mutable_state()->mutable_job(), ToProto(job));
    page.ended = true;  // a terminal state is a job's last event
  }
  if (events.empty()) {
    GRAFT_ASSIGN_OR_RETURN(const Job job, store.GetJob(project, job_id));
    page.ended = IsTerminal(job.state) && after >= job.last_event_sequence;
    if (job.state == JobState::kRunning) {
      GRAFT_ASSIGN_OR_RETURN(const v1::Job shown, ToProto(job));
      if (shown.has_progress()) page.progress = shown.progress();
    }
  }
  return page;
}

}  // namespace

absl::Status FineTuneService::Start(const v1::StartFineTuneRequest& request,
                                    const std::string& rpc_id,
                                    v1::StartFineTuneResponse* response) {
  GRAFT_RETURN_IF_ERROR(environment_.admit());
  GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request.project()));
  GRAFT_RETURN_IF_ERROR(CheckRequest(request));
  GRAFT_ASSIGN_OR_RETURN(const ResolvedFineTune resolved, ResolveFineTuneSpec(request.spec()));
  GRAFT_ASSIGN_OR_RETURN(const InstalledBackbone* backbone,
                         environment_.backbones->Find(request.spec().backbone()));
  const std::string& dataset_id = request.spec().dataset_id();
  absl::StatusOr<Dataset> dataset = environment_.store->GetDataset(project, dataset_id);
  if (absl::IsNotFound(dataset.status())) {
    // A request that made a job once gets that job again, even if its dataset has gone since. The
    // store makes no new job without one.
    if (request.request_id().empty() || request.validate_only()) {
      return NotFound("dataset", dataset_id);
    }
    dataset = Dataset{};
    dataset->id = dataset_id;
  } else {
    GRAFT_RETURN_IF_ERROR(dataset.status());
    GRAFT_ASSIGN_OR_RETURN(const v1::Dataset shown, ToProto(*dataset));
    GRAFT_ASSIGN_OR_RETURN(const DatasetNeeds needs, CheckDataset(request.spec().task(), shown));
    GRAFT_RETURN_IF_ERROR(CheckNetwork(resolved.config, *backbone, needs.outputs));
    *response->mutable_estimate() = Estimate(resolved, shown, needs, *backbone);
  }
  Job job = MakeJob(request, project, resolved, *dataset, *backbone);
  if (request.validate_only()) {
    GRAFT_ASSIGN_OR_RETURN(*response->mutable_job(), ToProto(job));
    response->mutable_job()->clear_create_time();
    return absl::OkStatus();
  }
  job.id = environment_.ids->NewId("job");
  const auto enqueued = environment_.store->EnqueueJob(job);
  if (!enqueued.ok()) return ExplainEnqueue(enqueued.status(), dataset_id);
  GRAFT_ASSIGN_OR_RETURN(*response->mutable_job(), ToProto(enqueued->job));
  response->set_created(enqueued->created);
  if (enqueued->created) {
    environment_.logger->Info("job queued", {{"job", job.id},
                                             {"project", project},
                                             {"backbone", job.backbone},
                                             {"strategy", job.strategy},
                                             {"dataset", job.dataset_id},
                                             {"request", rpc_id}});
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* FineTuneService::StartFineTune(grpc::CallbackServerContext* context,
                                                         const v1::StartFineTuneRequest* request,
                                                         v1::StartFineTuneResponse* response) {
  return RunOn(*environment_.executor, context, [this, context, request, response] {
    return Start(*request, RequestId(*context), response);
  });
}

grpc::ServerUnaryReactor* FineTuneService::GetStatus(grpc::CallbackServerContext* context,
                                                     const v1::GetStatusRequest* request,
                                                     v1::GetStatusResponse* response) {
  return RunOn(*environment_.executor, context, [this, request, response]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_RETURN_IF_ERROR(CheckId("job_id", request->job_id()));
    GRAFT_ASSIGN_OR_RETURN(
        const Job job,
        Found("job", request->job_id(), environment_.store->GetJob(project, request->job_id())));
    GRAFT_ASSIGN_OR_RETURN(*response->mutable_job(), ToProto(job));
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::WatchResponse>* FineTuneService::Watch(
    grpc::CallbackServerContext*, const v1::WatchRequest* request) {
  // The request is gone before the stream ends: what is needed of it is copied.
  absl::StatusOr<std::string> project = ProjectOf(request->project());
  if (project.ok()) {
    const absl::Status id = CheckId("job_id", request->job_id());
    if (!id.ok()) project = id;
  }
  return StartWatch(*environment_.watches, *environment_.executor, request->job_id(),
                    request->after_sequence(),
                    [store = environment_.store, project = std::move(project),
                     job_id = request->job_id()](uint64_t after) -> absl::StatusOr<EventPage> {
                      GRAFT_RETURN_IF_ERROR(project.status());
                      return Found("job", job_id, ReadPage(*store, *project, job_id, after));
                    });
}

grpc::ServerUnaryReactor* FineTuneService::ListJobs(grpc::CallbackServerContext* context,
                                                    const v1::ListJobsRequest* request,
                                                    v1::ListJobsResponse* response) {
  return RunOn(*environment_.executor, context, [this, request, response]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size()));
    GRAFT_ASSIGN_OR_RETURN(const JobFilter filter, FilterOf(*request));
    GRAFT_ASSIGN_OR_RETURN(const Page<Job> page,
                           NamingPageToken(environment_.store->ListJobs(
                               project, filter, {size, request->page_token()})));
    for (const Job& job : page.items) {
      GRAFT_ASSIGN_OR_RETURN(*response->add_jobs(), ToProto(job));
    }
    response->set_next_page_token(page.next_page_token);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* FineTuneService::CancelJob(grpc::CallbackServerContext* context,
                                                     const v1::CancelJobRequest* request,
                                                     v1::CancelJobResponse* response) {
  return RunOn(*environment_.executor, context,
               [this, context, request, response]() -> absl::Status {
                 GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
                 GRAFT_RETURN_IF_ERROR(CheckId("job_id", request->job_id()));
                 const std::string& id = request->job_id();
                 absl::StatusOr<Job> job =
                     environment_.store->RequestDesired(project, id, DesiredState::kCancel);
                 if (absl::IsFailedPrecondition(job.status())) {
                   // It ended on its own, perhaps just now: the answer says how.
                   job = environment_.store->GetJob(project, id);
                 }
                 job = Found("job", id, std::move(job));
                 GRAFT_RETURN_IF_ERROR(job.status());
                 GRAFT_ASSIGN_OR_RETURN(*response->mutable_job(), ToProto(*job));
                 environment_.logger->Info("cancel asked for", {{"job", id},
                                                                {"project", project},
                                                                {"state", JobStateName(job->state)},
                                                                {"request", RequestId(*context)}});
                 return absl::OkStatus();
               });
}

grpc::ServerUnaryReactor* FineTuneService::DeleteJob(grpc::CallbackServerContext* context,
                                                     const v1::DeleteJobRequest* request,
                                                     v1::DeleteJobResponse*) {
  return RunOn(*environment_.executor, context, [this, context, request]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const std::string project, ProjectOf(request->project()));
    GRAFT_RETURN_IF_ERROR(CheckId("job_id", request->job_id()));
    const std::string& id = request->job_id();
    const absl::Status deleted = environment_.store->DeleteJob(project, id);
    if (absl::IsNotFound(deleted)) return NotFound("job", id);
    if (absl::IsFailedPrecondition(deleted)) return WithReason(deleted, "JOB_NOT_ENDED");
    GRAFT_RETURN_IF_ERROR(deleted);
    const absl::Status swept = environment_.blobs->DeletePrefix(Below(CheckpointPrefix(id)));
    if (!swept.ok()) {
      environment_.logger->Warning("checkpoints of a deleted job stay until the next start",
                                   {{"job", id}, {"error", swept.ToString()}});
    }
    environment_.logger->Info(
        "job deleted", {{"job", id}, {"project", project}, {"request", RequestId(*context)}});
    return absl::OkStatus();
  });
}

}  // namespace graft
