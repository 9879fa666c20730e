#include "core/jobs/state_table.h"

namespace graft::jobs {

absl::string_view JobStateName(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "QUEUED";
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kPaused:
      return "PAUSED";
    case JobState::kSucceeded:
      return "SUCCEEDED";
    case JobState::kFailed:
      return "FAILED";
    case JobState::kCancelled:
      return "CANCELLED";
  }
  return "UNKNOWN";
}

absl::string_view JobKindName(JobKind kind) {
  switch (kind) {
    case JobKind::kFineTune:
      return "FINE_TUNE";
    case JobKind::kEvaluate:
      return "EVALUATE";
    case JobKind::kRank:
      return "RANK";
    case JobKind::kImport:
      return "IMPORT";
  }
  return "UNKNOWN";
}

absl::string_view DesiredStateName(DesiredState desired) {
  switch (desired) {
    case DesiredState::kRun:
      return "RUN";
    case DesiredState::kPause:
      return "PAUSE";
    case DesiredState::kStop:
      return "STOP";
    case DesiredState::kCancel:
      return "CANCEL";
  }
  return "UNKNOWN";
}

}  // namespace graft::jobs
