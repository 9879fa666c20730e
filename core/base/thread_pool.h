#ifndef GRAFT_CORE_BASE_THREAD_POOL_H_
#define GRAFT_CORE_BASE_THREAD_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace graft {

// A fixed number of threads and a queue: where what blocks (databases, files, archives, decoding)
// runs, so that the threads of others never wait. Tasks begin in the order they came. Safe for
// concurrent use.
//
// Once it is closed, only tasks of the pool itself may submit more, and those are run too: work
// that goes on in steps comes to its end. A task must not throw, nor close or destroy its own pool.
class ThreadPool {
 public:
  static constexpr size_t kUnbounded = std::numeric_limits<size_t>::max();

  // `name` is what the threads are called in a debugger and in top, at most 15 bytes of it.
  // Beyond `threads` that run and `max_waiting` that wait TrySubmit refuses.
  ThreadPool(const std::string& name, int threads, size_t max_waiting = kUnbounded);
  ~ThreadPool();  // as Close(kRunWaiting)
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Queues `task`. False, and it is dropped, when the queue is full or the pool closed.
  bool TrySubmit(std::function<void()> task);

  // Queues `task` past the limit, where whoever submits bounds what it submits: the next step of
  // something that was let in. False only when the pool is closed.
  bool Submit(std::function<void()> task);

  enum class OnClose { kRunWaiting, kDropWaiting };
  // Takes nothing new from outside, runs or drops (destroys) what waits, lets what runs end, and
  // joins the threads. Nothing happens the second time.
  void Close(OnClose on_close = OnClose::kRunWaiting);

  size_t waiting() const;

 private:
  bool Enqueue(std::function<void()> task, bool bounded);
  void Work();

  const size_t max_waiting_;
  mutable absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool dropping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Mutex joining_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(joining_);
};

}  // namespace graft

#endif  // GRAFT_CORE_BASE_THREAD_POOL_H_
