#include "wire/job.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "core/base/status_macros.h"
#include "core/jobs/state_table.h"
#include "wire/status.h"
#include "wire/time.h"

namespace graft::wire {
namespace {

constexpr absl::string_view kStopReasonPrefix = "STOP_REASON_";

absl::Status Damaged(absl::string_view job_id, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("job ", job_id, ": its stored ", what, " cannot be read"));
}

}  // namespace

v1::JobState ToProto(jobs::JobState state) {
  switch (state) {
    case jobs::JobState::kQueued:
      return v1::JOB_STATE_QUEUED;
    case jobs::JobState::kRunning:
      return v1::JOB_STATE_RUNNING;
    case jobs::JobState::kPaused:
      return v1::JOB_STATE_PAUSED;
    case jobs::JobState::kSucceeded:
      return v1::JOB_STATE_SUCCEEDED;
    case jobs::JobState::kFailed:
      return v1::JOB_STATE_FAILED;
    case jobs::JobState::kCancelled:
      return v1::JOB_STATE_CANCELLED;
  }
  return v1::JOB_STATE_UNSPECIFIED;
}

absl::StatusOr<jobs::JobState> FromProto(v1::JobState state) {
  for (const jobs::JobState candidate : jobs::kAllJobStates) {
    if (ToProto(candidate) == state) return candidate;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(static_cast<int>(state), " is not a state that a job can be in"));
}

v1::DesiredState ToProto(jobs::DesiredState desired) {
  switch (desired) {
    case jobs::DesiredState::kRun:
      return v1::DESIRED_STATE_RUN;
    case jobs::DesiredState::kPause:
      return v1::DESIRED_STATE_PAUSE;
    case jobs::DesiredState::kStop:
      return v1::DESIRED_STATE_STOP;
    case jobs::DesiredState::kCancel:
      return v1::DESIRED_STATE_CANCEL;
  }
  return v1::DESIRED_STATE_UNSPECIFIED;
}

v1::JobError ToProto(const jobs::JobError& error) {
  v1::JobError proto;
  proto.set_code(error.code);
  proto.set_message(error.message);
  proto.set_field(error.field);
  proto.set_hint(error.hint);
  return proto;
}

jobs::JobError FromProto(const v1::JobError& error) {
  return {error.code(), error.message(), error.field(), error.hint()};
}

v1::StopReason StopReasonToProto(const std::string& stored) {
  v1::StopReason reason = v1::STOP_REASON_UNSPECIFIED;
  if (!stored.empty()) v1::StopReason_Parse(absl::StrCat(kStopReasonPrefix, stored), &reason);
  return reason;
}

std::string StopReasonFromProto(v1::StopReason reason) {
  if (reason == v1::STOP_REASON_UNSPECIFIED || !v1::StopReason_IsValid(reason)) return "";
  return std::string(absl::StripPrefix(v1::StopReason_Name(reason), kStopReasonPrefix));
}

absl::StatusOr<v1::Job> ToProto(const jobs::Job& job) {
  v1::Job proto;
  if (!proto.MergeFromString(job.progress)) return Damaged(job.id, "progress");
  if (!job.report.empty() && !proto.mutable_report()->ParseFromString(job.report)) {
    return Damaged(job.id, "report");
  }
  if (!proto.mutable_spec()->ParseFromString(job.spec)) return Damaged(job.id, "spec");

  proto.set_id(job.id);
  proto.set_project(job.project);
  proto.set_state(ToProto(job.state));
  proto.set_desired(ToProto(job.desired));
  proto.set_request_id(job.request_id);
  proto.mutable_labels()->insert(job.labels.begin(), job.labels.end());
  *proto.mutable_create_time() = ToProto(job.create_time);
  if (job.start_time != absl::InfinitePast()) {
    *proto.mutable_start_time() = ToProto(job.start_time);
  }
  if (job.end_time != absl::InfinitePast()) *proto.mutable_end_time() = ToProto(job.end_time);
  proto.set_dataset_digest(job.dataset_digest);
  proto.set_backbone_digest(job.backbone_digest);
  proto.set_model_version(job.model_version);
  proto.set_stop_reason(StopReasonToProto(job.stop_reason));
  proto.set_attempts(job.attempts);
  proto.set_crashes(job.crashes);
  if (!job.error.code.empty()) *proto.mutable_error() = ToProto(job.error);
  proto.set_last_sequence(job.last_event_sequence);
  return proto;
}

absl::StatusOr<v1::JobEvent> ToProto(const jobs::JobEvent& event) {
  v1::JobEvent proto;
  if (event.type == jobs::kStateEventType) {
    proto.mutable_state()->set_state(ToProto(event.state));
    proto.mutable_state()->set_detail(event.detail);
  } else if (!proto.ParseFromString(event.payload)) {
    return Damaged(event.job_id, absl::StrCat("event ", event.sequence));
  }
  proto.set_sequence(event.sequence);
  *proto.mutable_time() = ToProto(event.time);
  return proto;
}

absl::StatusOr<jobs::JobEvent> FromProto(const v1::JobEvent& event) {
  if (event.event_case() == v1::JobEvent::EVENT_NOT_SET) {
    return absl::InvalidArgumentError("an event must carry one of the known kinds");
  }
  if (event.has_state()) {
    return absl::InvalidArgumentError("state events are written by the server alone");
  }
  jobs::JobEvent stored;
  stored.type =
      v1::JobEvent::descriptor()->FindFieldByNumber(static_cast<int>(event.event_case()))->name();
  v1::JobEvent payload = event;
  payload.clear_sequence();
  payload.clear_time();
  stored.payload = payload.SerializeAsString();
  return stored;
}

std::string MergeProgress(const std::string& stored, const v1::Job& newer) {
  v1::Job merged;
  if (!merged.ParseFromString(stored)) merged.Clear();
  if (newer.has_progress()) *merged.mutable_progress() = newer.progress();
  if (newer.best_epoch() > 0) merged.set_best_epoch(newer.best_epoch());
  if (newer.best_metrics_size() > 0) *merged.mutable_best_metrics() = newer.best_metrics();
  if (newer.last_metrics_size() > 0) *merged.mutable_last_metrics() = newer.last_metrics();
  return merged.SerializeAsString();
}

}  // namespace graft::wire
