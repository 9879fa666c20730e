#ifndef GRAFT_SERVER_BASE_EXECUTOR_H_
#define GRAFT_SERVER_BASE_EXECUTOR_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace graft {

// A fixed number of threads and a queue: where blocking work (database, files, archives) runs, so
// that gRPC's own threads never wait. Safe for concurrent use.
class Executor {
 public:
  // Tasks beyond `threads` running and `max_waiting` waiting are refused by TrySubmit.
  Executor(int threads, size_t max_waiting);
  ~Executor();  // as Shutdown()
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Queues `task`. False, and `task` is dropped, when the queue is full or shut down.
  bool TrySubmit(std::function<void()> task);

  // Queues `task` past the limit: for follow-up work whose number is bounded by its source, such
  // as the next chunk of an admitted upload. False only after Shutdown().
  bool Submit(std::function<void()> task);

  // Runs what is queued, takes nothing new, and joins the threads. Not from a task.
  void Shutdown();

 private:
  bool Enqueue(std::function<void()> task, bool bounded);
  void Loop();

  const size_t max_waiting_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace graft

#endif  // GRAFT_SERVER_BASE_EXECUTOR_H_
