#ifndef GRAFT_SERVER_BASE_PERIODIC_TASK_H_
#define GRAFT_SERVER_BASE_PERIODIC_TASK_H_

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/clock.h"

namespace graft::server {

// Calls a function every `interval` of `clock` on a thread of its own, until destroyed.
class PeriodicTask {
 public:
  // `clock` is borrowed.
  PeriodicTask(absl::Duration interval, std::function<void()> task, Clock* clock = Clock::System())
      : thread_([this, interval, task = std::move(task), clock] {
          while (true) {
            {
              absl::MutexLock lock(&mutex_);
              if (clock->AwaitWithTimeout(
                      mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; },
                      interval)) {
                return;
              }
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

}  // namespace graft::server

#endif  // GRAFT_SERVER_BASE_PERIODIC_TASK_H_
