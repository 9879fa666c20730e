#include "worker/heartbeats.h"

#include <algorithm>

#include "wire/time.h"

namespace graft {
namespace {

RunSignal DesiredOf(const worker::v1::HeartbeatResponse& response) {
  switch (response.desired()) {
    case v1::DESIRED_STATE_CANCEL:
      return RunSignal::kCancel;
    // A paused job keeps a checkpoint and gives its lease back; the server knows that it is wanted
    // paused. A stop does not exist in the API yet, and keeps what there is all the same.
    case v1::DESIRED_STATE_PAUSE:
    case v1::DESIRED_STATE_STOP:
      return RunSignal::kDrain;
    default:
      return response.drain() ? RunSignal::kDrain : RunSignal::kRun;
  }
}

}  // namespace

Heartbeats::Heartbeats(const worker::v1::LeasedJob& job, ServerLink* link, Clock* clock)
    : job_(job), link_(link), clock_(clock), thread_([this] { Loop(); }) {}

Heartbeats::~Heartbeats() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  thread_.join();
}

void Heartbeats::Loop() {
  const absl::Duration interval =
      std::clamp(FromProto(job_.heartbeat_interval()), absl::Milliseconds(10), absl::Minutes(1));
  while (true) {
    const auto response = link_->Heartbeat(job_);
    if (response.ok()) {
      desired_.store(DesiredOf(*response));
    } else if (absl::IsAborted(response.status()) || absl::IsNotFound(response.status()) ||
               link_->lost()) {
      lost_.store(true);
      return;
    }
    absl::MutexLock lock(&mutex_);
    const bool stopped = clock_->AwaitWithTimeout(
        mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; }, interval);
    if (stopped) return;
  }
}

}  // namespace graft
