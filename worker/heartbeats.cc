#include "worker/heartbeats.h"

#include <algorithm>

#include "wire/time.h"

namespace graft::worker {

training::RunSignal SignalFor(const v1::HeartbeatResponse& response) {
  switch (response.desired()) {
    case graft::v1::DESIRED_STATE_CANCEL:
      return training::RunSignal::kCancel;
    case graft::v1::DESIRED_STATE_PAUSE:
      return training::RunSignal::kDrain;
    case graft::v1::DESIRED_STATE_STOP:
      return response.drain() ? training::RunSignal::kDrain : training::RunSignal::kStop;
    default:
      return response.drain() ? training::RunSignal::kDrain : training::RunSignal::kRun;
  }
}

Heartbeats::Heartbeats(const v1::LeasedJob& job, ServerLink* link, Clock* clock)
    : job_(job), link_(link), clock_(clock), thread_([this] { Loop(); }) {}

Heartbeats::~Heartbeats() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  thread_.join();
}

void Heartbeats::Loop() {
  const absl::Duration interval = std::clamp(wire::FromProto(job_.heartbeat_interval()),
                                             absl::Milliseconds(10), absl::Minutes(1));
  while (true) {
    const auto response = link_->Heartbeat(job_);
    if (response.ok()) {
      desired_.store(SignalFor(*response));
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

}  // namespace graft::worker
