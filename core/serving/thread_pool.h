#ifndef GRAFT_CORE_SERVING_THREAD_POOL_H_
#define GRAFT_CORE_SERVING_THREAD_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace graft {

// A fixed number of threads that run tasks in the order they came. Its queue is not bounded: who
// schedules bounds what it schedules. Safe for concurrent use.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  // Runs what is still queued, then joins.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Tasks must not throw. Not to be called once the destructor has begun, except by a task.
  void Schedule(std::function<void()> task);

 private:
  void Work();

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace graft

#endif  // GRAFT_CORE_SERVING_THREAD_POOL_H_
