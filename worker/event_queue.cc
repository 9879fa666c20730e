#include "worker/event_queue.h"

#include <algorithm>
#include <utility>

namespace graft::worker {
namespace {

// What an event takes in memory besides its content, about.
constexpr size_t kOverhead = 256;

}  // namespace

bool MayBeDropped(const graft::v1::JobEvent& event) {
  switch (event.event_case()) {
    case graft::v1::JobEvent::kProgress:
    case graft::v1::JobEvent::kMetrics:
    case graft::v1::JobEvent::kLog:
    case graft::v1::JobEvent::kCheckpoint:
      return true;
    case graft::v1::JobEvent::kWarning:
    case graft::v1::JobEvent::kState:
    case graft::v1::JobEvent::EVENT_NOT_SET:
      return false;
  }
  return false;
}

void EventQueue::Add(graft::v1::JobEvent event) {
  const size_t bytes = event.ByteSizeLong() + kOverhead;
  waiting_.push_back({std::move(event), bytes});
  bytes_ += bytes;
  while (bytes_ > max_bytes_) {
    const auto oldest = std::find_if(waiting_.begin(), waiting_.end(), [](const Waiting& waiting) {
      return MayBeDropped(waiting.event);
    });
    if (oldest == waiting_.end()) return;
    bytes_ -= oldest->bytes;
    waiting_.erase(oldest);
    ++dropped_;
  }
}

std::vector<graft::v1::JobEvent> EventQueue::Take(size_t max_events, size_t max_bytes) {
  std::vector<graft::v1::JobEvent> taken;
  size_t bytes = 0;
  while (!waiting_.empty() && taken.size() < max_events) {
    Waiting& next = waiting_.front();
    if (!taken.empty() && bytes + next.bytes > max_bytes) break;
    bytes += next.bytes;
    bytes_ -= next.bytes;
    taken.push_back(std::move(next.event));
    waiting_.pop_front();
  }
  return taken;
}

int64_t EventQueue::TakeDropped() { return std::exchange(dropped_, 0); }

}  // namespace graft::worker
