#ifndef GRAFT_CORE_SERVING_CANCELLATION_H_
#define GRAFT_CORE_SERVING_CANCELLATION_H_

#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace graft {

// Lets whoever submitted a request take it back. Made by the caller, shared with the predictor.
// Safe for concurrent use; one token serves one request.
class CancellationToken {
 public:
  // The caller is no longer interested: the request leaves the queue and is answered CANCELLED, if
  // it is not being computed or answered yet. Its callback may run inside this call, on this
  // thread. Later calls do nothing.
  void Cancel() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::function<void()> listener;
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      listener = std::exchange(listener_, nullptr);
    }
    if (listener) listener();
  }

  bool cancelled() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return cancelled_;
  }

  // For the predictor. Calls `listener` at the first Cancel, or now if there was one; null takes
  // the listener back (a call already begun on another thread may still be running).
  void Listen(std::function<void()> listener) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (!cancelled_ || listener == nullptr) {
        listener_ = std::move(listener);
        return;
      }
    }
    listener();
  }

 private:
  mutable absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> listener_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft

#endif  // GRAFT_CORE_SERVING_CANCELLATION_H_
