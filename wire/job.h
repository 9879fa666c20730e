#ifndef GRAFT_WIRE_JOB_H_
#define GRAFT_WIRE_JOB_H_

#include <string>

#include "absl/status/statusor.h"
#include "graft/v1/finetune.pb.h"

#include "core/jobs/job.h"

namespace graft::wire {

// Jobs and events as core/ keeps them <-> as the API says them. The bytes that core/ does not know:
//   Job.spec         a graft.v1.JobSpec, resolved
//   Job.progress     a graft.v1.Job with progress, best_epoch, best_metrics, last_metrics alone
//   Job.report       a graft.v1.Report
//   JobEvent.payload a graft.v1.JobEvent without sequence and time; type names its oneof field
// All functions are pure. DATA_LOSS: stored bytes that cannot be read.

absl::StatusOr<v1::Job> ToProto(const jobs::Job& job);
absl::StatusOr<v1::JobEvent> ToProto(const jobs::JobEvent& event);

// An event for MetadataStore::ReportEvents. INVALID_ARGUMENT: a state event (the store's own to
// write) or one of no known kind.
absl::StatusOr<jobs::JobEvent> FromProto(const v1::JobEvent& event);

// `newer` over the progress bytes that were stored: fields that it does not set stay.
std::string MergeProgress(const std::string& stored, const v1::Job& newer);

v1::JobState ToProto(jobs::JobState state);
v1::DesiredState ToProto(jobs::DesiredState desired);
// INVALID_ARGUMENT for UNSPECIFIED and values of a newer API.
absl::StatusOr<jobs::JobState> FromProto(v1::JobState state);

v1::JobError ToProto(const jobs::JobError& error);
jobs::JobError FromProto(const v1::JobError& error);

// "COMPLETED" <-> STOP_REASON_COMPLETED; "" <-> UNSPECIFIED.
v1::StopReason StopReasonToProto(const std::string& stored);
std::string StopReasonFromProto(v1::StopReason reason);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_JOB_H_
