#ifndef GRAFT_SERVER_BASE_PERIODIC_TASK_H_
#define GRAFT_SERVER_BASE_PERIODIC_TASK_H_

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace graft {

// Calls a function every `interval` on a thread of its own, until destroyed.
class PeriodicTask {
 public:
  PeriodicTask(absl::Duration interval, std::function<void()> task)
      : thread_([this, interval, task = std::move(task)] {
          while (true) {
            {
              absl::MutexLock lock(&mutex_);
              if (mutex_.AwaitWithTimeout(absl::Condition(&stopped_), interval)) return;
            }
            task();
          }
        }) {}

  ~PeriodicTask() {
    {
      absl::MutexLock lock(&mutex_);
      stopped_ = true;
    }
    thread_.join();
  }

 private:
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace graft

#endif  // GRAFT_SERVER_BASE_PERIODIC_TASK_H_
