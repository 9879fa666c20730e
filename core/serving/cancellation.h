#ifndef GRAFT_CORE_SERVING_CANCELLATION_H_
#define GRAFT_CORE_SERVING_CANCELLATION_H_

#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace graft::serving {

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
      if (listener_ == nullptr) return;
      listener = std::exchange(listener_, nullptr);
      calling_ = true;
      caller_ = std::this_thread::get_id();
    }
    listener();
    listener = nullptr;  // what it holds goes before anybody may rely on its end
    absl::MutexLock lock(&mutex_);
    calling_ = false;
    caller_ = {};
  }

  bool cancelled() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return cancelled_;
  }

  // For the predictor. Calls `listener` at the first Cancel, or now if there was one. Null takes
  // the listener back and, as std::stop_callback's destructor does, waits for a call of it that
  // another thread has begun: what it uses may go afterwards. (From inside the listener it does not
  // wait.)
  void Listen(std::function<void()> listener) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (listener == nullptr) {
        listener_ = nullptr;
        if (caller_ == std::this_thread::get_id()) return;
        const auto returned = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !calling_; };
        mutex_.Await(absl::Condition(&returned));
        return;
      }
      if (!cancelled_) {
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
  bool calling_ ABSL_GUARDED_BY(mutex_) = false;    // Cancel is inside the listener ...
  std::thread::id caller_ ABSL_GUARDED_BY(mutex_);  // ... on this thread
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_CANCELLATION_H_
