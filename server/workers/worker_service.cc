#include "server/workers/worker_service.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/artifacts/manifest.h"
#include "core/base/error_reasons.h"
#include "core/base/failpoint.h"
#include "core/base/refusals.h"
#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"
#include "server/rpc/unary_call.h"
#include "wire/job.h"
#include "wire/time.h"

namespace graft::server {
namespace {

constexpr absl::Duration kLongestWait = absl::Seconds(30);
constexpr size_t kRememberedLeases = 64;
// Calls of workers that wait for a thread: a few a second and worker.
constexpr size_t kMaxQueuedCalls = 4096;
constexpr uint64_t kMaxCardBytes = 64 << 20;

absl::Status LeaseIsOver() {
  return WithReason(absl::AbortedError("the lease is over: drop the job"), reasons::kLeaseLost);
}

jobs::Capabilities CapabilitiesOf(const worker::v1::Capabilities& proto) {
  jobs::Capabilities capabilities;
  capabilities.kinds = {jobs::JobKind::kFineTune};
  capabilities.tasks.assign(proto.tasks().begin(), proto.tasks().end());
  capabilities.architectures.assign(proto.architectures().begin(), proto.architectures().end());
  capabilities.device = proto.device();
  return capabilities;
}

// A finished epoch, or a checkpoint to go on from: the job is not where it was.
bool HasAdvanced(const worker::v1::ReportRequest& request) {
  return std::any_of(
      request.events().begin(), request.events().end(),
      [](const v1::JobEvent& event) { return event.has_metrics() || event.has_checkpoint(); });
}

}  // namespace

WorkerService::WorkerService(Options options, store::MetadataStore* store,
                             artifacts::BlobStore* blobs, telemetry::Metrics* metrics, Clock* clock,
                             const wire::Logger* logger)
    : options_(std::move(options)),
      store_(store),
      blobs_(blobs),
      metrics_(metrics),
      clock_(clock),
      logger_(logger),
      executor_("graft-workers", options_.threads, kMaxQueuedCalls),
      publishing_("graft-publish", options_.publish_threads, kMaxQueuedCalls),
      lease_calls_(&executor_, options_.max_waiting) {}

WorkerService::~WorkerService() {
  Drain();
  publishing_.Close();
  executor_.Close();
}

void WorkerService::OnJobChange(const store::JobChange& change) {
  {
    absl::MutexLock lock(&mutex_);
    const auto found = leases_.find(change.job_id);
    if (found != leases_.end() && !found->second.finished &&
        (change.deleted || change.fence > found->second.job.fence ||
         (change.fence == found->second.job.fence && jobs::IsTerminal(change.state)))) {
      MarkFinished(change.job_id);
    }
  }
  if (!change.deleted && change.state == jobs::JobState::kQueued) lease_calls_.Wake();
}

void WorkerService::Drain() {
  draining_.store(true);
  lease_calls_.Stop();
}

grpc::ServerUnaryReactor* WorkerService::Lease(grpc::CallbackServerContext* context,
                                               const worker::v1::LeaseRequest* request,
                                               worker::v1::LeaseResponse* response) {
  const absl::Duration wait =
      std::clamp(wire::FromProto(request->wait()), absl::ZeroDuration(), kLongestWait);
  return lease_calls_.Start(
      context, wait, [this, request, response] { return TryLease(*request, response); },
      [this, response] {
        // Nobody will ever work on it: back at once, and no crash.
        const auto job = store_->ReleaseJob(response->job().job_id(), response->job().fence(),
                                            store::ReleaseReason::kDrained, "worker went away");
        if (!job.ok()) {
          logger_->Warning("a lease whose caller went away cannot be released",
                           {{"job", response->job().job_id()}, {"error", job.status().ToString()}});
        }
      });
}

absl::StatusOr<bool> WorkerService::TryLease(const worker::v1::LeaseRequest& request,
                                             worker::v1::LeaseResponse* response) {
  if (request.worker_id().empty()) return InvalidField("worker_id", "is required");
  if (draining_.load()) return Draining();
  GRAFT_ASSIGN_OR_RETURN(
      std::optional<jobs::Job> claimed,
      store_->ClaimNextJob(request.worker_id(), CapabilitiesOf(request.capabilities())));
  if (!claimed.has_value()) return false;
  GRAFT_FAILPOINT("server.lease.after_claim");
  const jobs::Job& job = *claimed;

  worker::v1::LeasedJob* leased = response->mutable_job();
  leased->set_job_id(job.id);
  leased->set_project(job.project);
  leased->set_fence(job.fence);
  leased->set_attempt(job.attempts);
  leased->set_dataset_digest(job.dataset_digest);
  leased->set_dataset_prefix(artifacts::DatasetPrefix(job.project, job.dataset_digest));
  leased->set_backbone_digest(job.backbone_digest);
  leased->set_artifact_prefix(artifacts::ArtifactPrefix(job.id, job.fence));
  leased->set_checkpoint_prefix(artifacts::CheckpointPrefix(job.id));
  *leased->mutable_heartbeat_interval() = wire::ToProto(options_.heartbeat_interval);
  *leased->mutable_heartbeat_timeout() = wire::ToProto(options_.heartbeat_timeout);
  if (!leased->mutable_spec()->ParseFromString(job.spec)) {
    store::JobOutcome outcome;
    outcome.state = jobs::JobState::kFailed;
    outcome.error = {"DATA_LOSS", "the stored description of the job cannot be read", "",
                     "start the job again"};
    response->clear_job();
    GRAFT_RETURN_IF_ERROR(store_->FinishJob(job.id, job.fence, outcome).status());
    return false;
  }

  metrics_->job_attempts_total.Increment();
  if (job.attempts == 1) metrics_->job_queue_seconds.Observe(clock_->Now() - job.create_time);
  logger_->Info(
      "job leased",
      {{"job", job.id}, {"worker", request.worker_id()}, {"attempt", absl::StrCat(job.attempts)}});
  absl::MutexLock lock(&mutex_);
  leases_[job.id] = {job, false, false};
  return true;
}

grpc::ServerUnaryReactor* WorkerService::Heartbeat(grpc::CallbackServerContext* context,
                                                   const worker::v1::HeartbeatRequest* request,
                                                   worker::v1::HeartbeatResponse* response) {
  return RunOn(executor_, context, [this, request, response]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const jobs::DesiredState desired,
                           store_->RenewLease(request->job_id(), request->fence()));
    response->set_desired(wire::ToProto(desired));
    response->set_drain(draining_.load());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* WorkerService::Report(grpc::CallbackServerContext* context,
                                                const worker::v1::ReportRequest* request,
                                                worker::v1::ReportResponse* response) {
  return RunOn(executor_, context,
               [this, request, response] { return DoReport(*request, response); });
}

absl::Status WorkerService::DoReport(const worker::v1::ReportRequest& request,
                                     worker::v1::ReportResponse* response) {
  std::vector<jobs::JobEvent> events;
  for (const v1::JobEvent& event : request.events()) {
    GRAFT_ASSIGN_OR_RETURN(jobs::JobEvent stored, wire::FromProto(event));
    events.push_back(std::move(stored));
  }
  GRAFT_ASSIGN_OR_RETURN(const jobs::Job job, LeasedJobOf(request.job_id(), request.fence()));
  v1::Job newer;
  if (request.has_progress()) *newer.mutable_progress() = request.progress();
  newer.set_best_epoch(request.best_epoch());
  *newer.mutable_best_metrics() = request.best_metrics();
  *newer.mutable_last_metrics() = request.last_metrics();
  const std::string progress = wire::MergeProgress(job.progress, newer);
  store::EventReport report = {std::move(events), progress, request.batch(), HasAdvanced(request)};
  GRAFT_ASSIGN_OR_RETURN(const store::ReportResult taken,
                         store_->ReportEvents(request.job_id(), request.fence(), report));
  response->set_last_sequence(taken.last_sequence);
  if (!taken.applied) return absl::OkStatus();
  Count(request.counters());
  absl::MutexLock lock(&mutex_);
  const auto found = leases_.find(request.job_id());
  if (found != leases_.end() && found->second.job.fence == request.fence()) {
    found->second.job.progress = progress;
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* WorkerService::Finish(grpc::CallbackServerContext* context,
                                                const worker::v1::FinishRequest* request,
                                                worker::v1::FinishResponse* response) {
  // An artefact is read and hashed whole, hundreds of megabytes of it: no heartbeat waits for that.
  const bool publishes = request->outcome() == worker::v1::OUTCOME_SUCCEEDED;
  return RunOn(publishes ? publishing_ : executor_, context,
               [this, request, response] { return DoFinish(*request, response); });
}

absl::Status WorkerService::DoFinish(const worker::v1::FinishRequest& request,
                                     worker::v1::FinishResponse* response) {
  GRAFT_ASSIGN_OR_RETURN(const jobs::Job job, LeasedJobOf(request.job_id(), request.fence()));
  if (request.outcome() == worker::v1::OUTCOME_RELEASED) {
    GRAFT_RETURN_IF_ERROR(store_
                              ->ReleaseJob(job.id, job.fence, store::ReleaseReason::kDrained,
                                           "given back by its worker")
                              .status());
    logger_->Info("job released by its worker", {{"job", job.id}, {"worker", request.worker_id()}});
    Count(request.counters());
    return absl::OkStatus();
  }
  GRAFT_ASSIGN_OR_RETURN(const store::JobOutcome outcome, OutcomeOf(request, job));
  GRAFT_FAILPOINT("server.finish.before_commit");
  GRAFT_ASSIGN_OR_RETURN(const jobs::Job ended, store_->FinishJob(job.id, job.fence, outcome));
  response->set_model_version(ended.model_version);

  bool first = false;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = leases_.find(job.id);
    first = found != leases_.end() && !std::exchange(found->second.counted, true);
    MarkFinished(job.id);
  }
  if (!first) return absl::OkStatus();
  Count(request.counters());
  logger_->Info("job ended", {{"job", job.id},
                              {"worker", request.worker_id()},
                              {"state", jobs::JobStateName(ended.state)},
                              {"error", ended.error.message}});
  GRAFT_FAILPOINT("server.finish.before_flip");
  if (ended.model_version > 0 && options_.on_published) {
    options_.on_published(ended.project, ended.model_name, ended.model_version);
  }
  return absl::OkStatus();
}

absl::StatusOr<store::JobOutcome> WorkerService::OutcomeOf(const worker::v1::FinishRequest& request,
                                                           const jobs::Job& job) {
  store::JobOutcome outcome;
  switch (request.outcome()) {
    case worker::v1::OUTCOME_SUCCEEDED: {
      outcome.state = jobs::JobState::kSucceeded;
      outcome.stop_reason = wire::StopReasonFromProto(request.stop_reason());
      GRAFT_ASSIGN_OR_RETURN(wire::VerifiedArtifact artifact, CheckedArtifact(request, job));
      GRAFT_ASSIGN_OR_RETURN(outcome.version, wire::VersionToPublish(request, artifact));
      outcome.card = std::move(artifact.card);
      if (request.has_report()) outcome.report = request.report().SerializeAsString();
      v1::Job end;
      end.set_best_epoch(request.best_epoch());
      *end.mutable_best_metrics() = request.metrics();
      outcome.progress = wire::MergeProgress(job.progress, end);
      return outcome;
    }
    case worker::v1::OUTCOME_FAILED:
      outcome.state = jobs::JobState::kFailed;
      outcome.error = wire::FromProto(request.error());
      if (outcome.error.code.empty()) return InvalidField("error.code", "is required");
      return outcome;
    case worker::v1::OUTCOME_CANCELLED:
      outcome.state = jobs::JobState::kCancelled;
      return outcome;
    default:
      return InvalidField("outcome", absl::StrCat("is unknown: ", request.outcome()));
  }
}

absl::StatusOr<wire::VerifiedArtifact> WorkerService::CheckedArtifact(
    const worker::v1::FinishRequest& request, const jobs::Job& job) {
  // Under its own fence only: what an earlier attempt left behind is nobody's to publish.
  const std::string& prefix = request.artifact().prefix();
  if (prefix != artifacts::ArtifactPrefix(job.id, job.fence)) {
    return InvalidField("artifact.prefix", "is not that of this lease");
  }
  GRAFT_FAILPOINT("server.finish.before_verify");
  if (!IsSha256Hex(request.artifact().manifest_sha256())) {
    return InvalidField("artifact.manifest_sha256", "is not a sha256");
  }
  GRAFT_ASSIGN_OR_RETURN(
      artifacts::VerifiedManifest verified,
      artifacts::LoadVerifiedManifest(*blobs_, prefix, request.artifact().manifest_sha256(),
                                      {artifacts::kCardFile, kMaxCardBytes}));
  wire::VerifiedArtifact artifact;
  GRAFT_ASSIGN_OR_RETURN(artifact.description,
                         model::ModelDescriptionFromJson(verified.manifest.description));
  if (artifact.description.backbone_digest != job.backbone_digest ||
      artifact.description.task != job.task) {
    return absl::InvalidArgumentError("the artefact is of another backbone or task than the job");
  }
  artifact.bytes = static_cast<int64_t>(verified.bytes);
  artifact.card = std::move(verified.content);
  return artifact;
}

absl::StatusOr<jobs::Job> WorkerService::LeasedJobOf(const std::string& job_id,
                                                     uint64_t fence) const {
  absl::MutexLock lock(&mutex_);
  const auto found = leases_.find(job_id);
  if (found == leases_.end() || found->second.job.fence != fence) return LeaseIsOver();
  return found->second.job;
}

void WorkerService::MarkFinished(const std::string& job_id) {
  const auto found = leases_.find(job_id);
  if (found == leases_.end() || std::exchange(found->second.finished, true)) return;
  finished_.push_back(job_id);
  if (finished_.size() <= kRememberedLeases) return;
  const auto oldest = leases_.find(finished_.front());
  // It may have been leased anew since.
  if (oldest != leases_.end() && oldest->second.finished) leases_.erase(oldest);
  finished_.pop_front();
}

void WorkerService::Count(const worker::v1::WorkerCounters& counters) {
  metrics_->training_images_total.Increment(static_cast<double>(counters.training_images()));
  metrics_->backbone_forward_images_total.Increment(
      static_cast<double>(counters.backbone_forward_images()));
  metrics_->cache_hits_total.Increment({"features"},
                                       static_cast<double>(counters.feature_cache_hits()));
  metrics_->cache_misses_total.Increment({"features"},
                                         static_cast<double>(counters.feature_cache_misses()));
  if (counters.feature_cache_bytes() > 0) {
    metrics_->cache_bytes.Set({"features"}, static_cast<double>(counters.feature_cache_bytes()));
  }
  for (const double seconds : counters.step_seconds()) {
    metrics_->training_step_seconds.Observe(seconds);
  }
}

}  // namespace graft::server
