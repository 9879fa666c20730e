#ifndef GRAFT_CORE_SERVING_DECODE_QUEUE_H_
#define GRAFT_CORE_SERVING_DECODE_QUEUE_H_

#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "core/serving/pending_predict.h"

namespace graft::serving {

// Whose input is decoded next: of what is not bulk the one that came first; of eight one is bulk,
// where any waits, so that nobody waits for ever. A call is in it once for each input that may be
// decoded now. Safe for concurrent use.
class DecodeQueue {
 public:
  void Push(PendingPredictPtr call) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    (call->priority == Priority::kBulk ? bulk_ : urgent_).push_back(std::move(call));
  }

  // There must be one.
  PendingPredictPtr Pop() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const bool turn = ++popped_ % kBulkEvery == 0;
    std::deque<PendingPredictPtr>& from =
        urgent_.empty() || (turn && !bulk_.empty()) ? bulk_ : urgent_;
    PendingPredictPtr call = std::move(from.front());
    from.pop_front();
    return call;
  }

 private:
  static constexpr unsigned kBulkEvery = 8;

  absl::Mutex mutex_;
  std::deque<PendingPredictPtr> urgent_ ABSL_GUARDED_BY(mutex_);
  std::deque<PendingPredictPtr> bulk_ ABSL_GUARDED_BY(mutex_);
  unsigned popped_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_DECODE_QUEUE_H_
