#include "worker/job_runner.h"

#include <exception>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "wire/fine_tune_spec.h"
#include "worker/blob_checkpoint_store.h"
#include "worker/event_reporter.h"
#include "worker/publish.h"

namespace graft::worker {
namespace {

constexpr absl::Duration kPauseWhileServerIsAway = absl::Milliseconds(500);

std::string HintFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return "change the request or the dataset and start a new job";
    case absl::StatusCode::kFailedPrecondition:
      return "start a new job with other settings, such as a lower learning rate";
    case absl::StatusCode::kResourceExhausted:
      return "use a smaller batch, or make room on the server's disk";
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kNotFound:
      return "upload the dataset again, or import the weights again";
    default:
      return "start the job again; tell the server's operator if it keeps failing";
  }
}

v1::FinishRequest Failed(const absl::Status& status) {
  v1::FinishRequest finish;
  finish.set_outcome(v1::OUTCOME_FAILED);
  *finish.mutable_error() = JobErrorOf(status);
  return finish;
}

v1::FinishRequest Ended(v1::Outcome outcome) {
  v1::FinishRequest finish;
  finish.set_outcome(outcome);
  return finish;
}

}  // namespace

graft::v1::JobError JobErrorOf(const absl::Status& status) {
  graft::v1::JobError error;
  error.set_code(absl::StatusCodeToString(status.code()));
  error.set_message(std::string(status.message()));
  const std::vector<FieldError> fields = InvalidFieldsOf(status);
  if (!fields.empty()) error.set_field(fields.front().field);
  error.set_hint(HintFor(status.code()));
  return error;
}

JobRunner::JobRunner(Options options, ServerLink* link, artifacts::BlobStore* blobs,
                     Trainer* trainer, Clock* clock, const wire::Logger* logger)
    : options_(std::move(options)),
      link_(link),
      blobs_(blobs),
      trainer_(trainer),
      clock_(clock),
      logger_(logger) {}

absl::Status JobRunner::Run() {
  absl::Mutex mutex;
  while (!options_.told_to_end()) {
    const auto leased =
        link_->Lease(options_.capabilities, options_.lease_wait, options_.told_to_end);
    if (leased.ok()) {
      if (leased->has_job()) RunJob(leased->job());
      continue;
    }
    if (link_->lost()) {
      return absl::UnavailableError("the server has not answered for too long");
    }
    absl::MutexLock lock(&mutex);
    clock_->AwaitWithTimeout(mutex, options_.told_to_end, kPauseWhileServerIsAway);
  }
  return absl::OkStatus();
}

void JobRunner::RunJob(const v1::LeasedJob& lease) {
  logger_->Info("job begins",
                {{"job", lease.job_id()}, {"attempt", absl::StrCat(lease.attempt())}});
  Heartbeats heartbeats(lease, link_, clock_);
  absl::StatusOr<v1::FinishRequest> finish = absl::InternalError("");
  try {
    finish = Attempt(lease, heartbeats);
  } catch (const std::bad_alloc&) {
    finish = Failed(absl::ResourceExhaustedError("the worker ran out of memory"));
  } catch (const std::exception& error) {
    finish = Failed(absl::InternalError(absl::StrCat("unexpected: ", error.what())));
  }
  if (!finish.ok() || heartbeats.lost()) {
    logger_->Warning("job dropped: its lease is over", {{"job", lease.job_id()}});
    return;
  }
  ReportEnd(lease, *std::move(finish), [&] { return heartbeats.lost(); });
}

absl::StatusOr<v1::FinishRequest> JobRunner::Attempt(const v1::LeasedJob& lease,
                                                     Heartbeats& heartbeats) {
  if (!lease.spec().has_fine_tune()) {
    return Failed(absl::UnimplementedError("this worker only runs fine-tuning jobs"));
  }
  const auto resolved = wire::ResolveFineTuneSpec(lease.spec().fine_tune());
  if (!resolved.ok()) return Failed(resolved.status());

  const auto desired = [&] {
    // Nothing that a job without a lease does counts: end as if cancelled.
    if (heartbeats.lost()) return training::RunSignal::kCancel;
    const training::RunSignal asked = heartbeats.desired();
    const bool goes_on = asked == training::RunSignal::kRun || asked == training::RunSignal::kStop;
    return goes_on && options_.told_to_end() ? training::RunSignal::kDrain : asked;
  };
  BlobCheckpointStore checkpoints(blobs_, lease.checkpoint_prefix(), lease.fence(),
                                  options_.disk_reserve);
  EventReporter reporter(lease, link_, clock_, logger_, [&] { heartbeats.MarkLost(); });
  const auto result = trainer_->Train({&lease, &*resolved, &checkpoints, &reporter, desired});

  // What could not be sent is logged there; the job's end is told all the same.
  const auto flush = [&] { reporter.Flush([&] { return heartbeats.lost(); }).IgnoreError(); };
  if (result.ok()) {
    reporter.OnCounters(result->counters);
    flush();
    auto finish = WriteArtifacts(lease, *result, blobs_);
    return finish.ok() ? *std::move(finish) : Failed(finish.status());
  }
  flush();
  if (heartbeats.lost()) return absl::AbortedError("the lease is over");
  if (trainer_->IsDrained(result.status())) return Ended(v1::OUTCOME_RELEASED);
  const training::RunSignal wanted = desired();
  // Stopped before there was anything to keep: its owner wanted an end, and nothing went wrong.
  if (absl::IsCancelled(result.status()) &&
      (wanted == training::RunSignal::kCancel || wanted == training::RunSignal::kStop)) {
    return Ended(v1::OUTCOME_CANCELLED);
  }
  // A cancel can turn up as any error of what it interrupted, a drain too.
  if (absl::IsCancelled(result.status())) return Ended(v1::OUTCOME_RELEASED);
  return Failed(result.status());
}

void JobRunner::ReportEnd(const v1::LeasedJob& lease, v1::FinishRequest finish,
                          const std::function<bool()>& stop) {
  finish.set_job_id(lease.job_id());
  finish.set_fence(lease.fence());
  auto answer = link_->Finish(finish, stop);
  if (!answer.ok() && !absl::IsAborted(answer.status()) && !absl::IsNotFound(answer.status()) &&
      !absl::IsCancelled(answer.status()) && !IsServerUnreachable(answer.status()) &&
      finish.outcome() == v1::OUTCOME_SUCCEEDED) {
    // The server looked at the artefacts, or at the size of this, and would not have them.
    finish = Failed(answer.status());
    finish.set_job_id(lease.job_id());
    finish.set_fence(lease.fence());
    answer = link_->Finish(finish, stop);
  }
  if (!answer.ok()) {
    logger_->Warning("the end of a job was not taken",
                     {{"job", lease.job_id()}, {"error", answer.status().ToString()}});
    return;
  }
  logger_->Info("job ends",
                {{"job", lease.job_id()}, {"outcome", v1::Outcome_Name(finish.outcome())}});
  if (finish.outcome() == v1::OUTCOME_RELEASED) return;
  // Over for good. What stays behind on an error is swept when the server starts.
  BlobCheckpointStore checkpoints(blobs_, lease.checkpoint_prefix(), lease.fence());
  const absl::Status cleared = checkpoints.Clear();
  if (!cleared.ok()) {
    logger_->Warning("checkpoints were left behind",
                     {{"job", lease.job_id()}, {"error", cleared.ToString()}});
  }
}

}  // namespace graft::worker
