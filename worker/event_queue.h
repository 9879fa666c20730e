#ifndef GRAFT_WORKER_EVENT_QUEUE_H_
#define GRAFT_WORKER_EVENT_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "graft/v1/finetune.pb.h"

namespace graft::worker {

// Whether the server can do without an event when there is no room for it: progress, metrics, log
// lines and the news of checkpoints. A later one of each says more than an earlier one; warnings
// and changes of state come once.
bool MayBeDropped(const graft::v1::JobEvent& event);

// Events that wait to be sent, in order, bounded by the bytes they take. Where there is no room the
// oldest that may be dropped goes first. Those that may not be are kept beyond the bound: each
// warning comes once a job. Not safe for concurrent use.
class EventQueue {
 public:
  explicit EventQueue(size_t max_bytes) : max_bytes_(max_bytes) {}

  void Add(graft::v1::JobEvent event);

  // Takes the oldest, at most so many and so many bytes, but one at least; none when it is empty.
  std::vector<graft::v1::JobEvent> Take(size_t max_events, size_t max_bytes);

  size_t size() const { return waiting_.size(); }
  size_t bytes() const { return bytes_; }
  // How many were dropped since the last call.
  int64_t TakeDropped();
  int64_t dropped() const { return dropped_; }

 private:
  struct Waiting {
    graft::v1::JobEvent event;
    size_t bytes = 0;
  };

  const size_t max_bytes_;
  std::deque<Waiting> waiting_;
  size_t bytes_ = 0;
  int64_t dropped_ = 0;
};

}  // namespace graft::worker

#endif  // GRAFT_WORKER_EVENT_QUEUE_H_
