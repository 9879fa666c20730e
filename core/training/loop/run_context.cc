#include "core/training/loop/run_context.h"

#include <algorithm>
#include <utility>

#include "core/base/status_details.h"

namespace graft::training {
namespace {

constexpr absl::string_view kDrained = "DRAINED";
constexpr absl::string_view kStopped = "STOPPED";
constexpr absl::Duration kProgressInterval = absl::Milliseconds(200);

}  // namespace

bool IsDrained(const absl::Status& status) { return ErrorReason(status) == kDrained; }

bool IsStopped(const absl::Status& status) { return ErrorReason(status) == kStopped; }

RunContext::RunContext(Clock* clock, TrainingObserver* observer, std::function<RunSignal()> desired)
    : clock_(clock),
      observer_(observer),
      desired_(std::move(desired)),
      start_(clock->Monotonic()) {}

absl::Status RunContext::PollButForStop() const {
  absl::Status status = Poll();
  return IsStopped(status) ? absl::OkStatus() : status;
}

absl::Status RunContext::Poll() const {
  if (!desired_) return absl::OkStatus();
  switch (desired_()) {
    case RunSignal::kRun:
      break;
    case RunSignal::kCancel:
      return absl::CancelledError("the job was cancelled");
    case RunSignal::kDrain:
      return WithReason(absl::AbortedError("the run was asked to end and to be continued"),
                        kDrained);
    case RunSignal::kStop:
      if (stop_heeded_) break;
      return WithReason(absl::CancelledError("the run was asked to stop"), kStopped);
  }
  return absl::OkStatus();
}

void RunContext::PublishProgress(TrainingProgress progress, bool force) {
  const absl::Duration now = clock_->Monotonic();
  if (!force && now - last_published_ < kProgressInterval) return;
  last_published_ = now;
  if (total_work_ > 0) progress.fraction = std::clamp(done_work_ / total_work_, 0.0, 1.0);
  // What this run did in its own time says how long the rest takes.
  const double done_now = done_work_ - earlier_work_;
  if (done_now > 0.01 * total_work_) {
    progress.eta = elapsed() * (std::max(total_work_ - done_work_, 0.0) / done_now);
  }
  observer_->OnProgress(progress);
}

}  // namespace graft::training
