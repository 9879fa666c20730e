#ifndef GRAFT_SERVER_BASE_WORK_QUEUE_H_
#define GRAFT_SERVER_BASE_WORK_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace graft::server {

// Items that are handled one after the other on a thread of their own, in the order they came: for
// work that those who have it must not wait for. What there is no room for is dropped. Safe for
// concurrent use.
template <typename Item>
class WorkQueue {
 public:
  struct Limits {
    size_t items = 0;  // that wait
    uint64_t bytes = 0;
  };
  enum class Thread { kOwn, kByHand };  // kByHand: a test calls HandleOne in its place

  WorkQueue(Limits limits, std::function<void(const Item&)> handle, Thread thread = Thread::kOwn)
      : limits_(limits), handle_(std::move(handle)) {
    if (thread == Thread::kOwn) thread_ = std::thread([this] { Work(); });
  }
  // Handles what waits first; by hand nothing.
  ~WorkQueue() {
    {
      absl::MutexLock lock(&mutex_);
      closed_ = true;
    }
    if (thread_.joinable()) thread_.join();
  }
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False where there is no room for an item of `bytes`: it is dropped. Never waits for a handler.
  bool TryPush(Item item, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (closed_ || waiting_.size() >= limits_.items || bytes > limits_.bytes - bytes_) return false;
    bytes_ += bytes;
    waiting_.push_back({std::move(item), bytes});
    return true;
  }

  // Drops what waits and `which` is true of, and returns once nothing such is being handled.
  void Drop(const std::function<bool(const Item&)>& which) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      if (!which(it->item)) {
        ++it;
        continue;
      }
      bytes_ -= it->bytes;
      it = waiting_.erase(it);
    }
    const auto done = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return handled_ == nullptr || !which(*handled_);
    };
    mutex_.Await(absl::Condition(&done));
  }

  // Handles the item that waits longest, on this thread. False: none waits.
  bool HandleOne() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::optional<Waiting> next;
    {
      absl::MutexLock lock(&mutex_);
      if (waiting_.empty()) return false;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      handled_ = &next->item;
    }
    handle_(next->item);
    absl::MutexLock lock(&mutex_);
    handled_ = nullptr;
    bytes_ -= next->bytes;  // held until now
    return true;
  }

 private:
  struct Waiting {
    Item item;
    uint64_t bytes = 0;
  };

  void Work() ABSL_LOCKS_EXCLUDED(mutex_) {
    while (true) {
      {
        absl::MutexLock lock(&mutex_);
        const auto something = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
          return closed_ || !waiting_.empty();
        };
        mutex_.Await(absl::Condition(&something));
        if (waiting_.empty()) return;
      }
      HandleOne();
    }
  }

  const Limits limits_;
  const std::function<void(const Item&)> handle_;
  absl::Mutex mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of those that wait and the one being handled
  const Item* handled_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_BASE_WORK_QUEUE_H_
