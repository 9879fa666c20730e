#ifndef GRAFT_CORE_SERVING_ADMISSION_H_
#define GRAFT_CORE_SERVING_ADMISSION_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/serving/servable.h"

namespace graft::serving {

// How much the requests inside a Predictor may hold together. Refuses with a RetryDelay what does
// not fit now. Safe for concurrent use.
class Admission {
 public:
  struct Limits {
    int max_inputs = 0;
    uint64_t max_bytes = 0;
    absl::Duration retry_after;  // as RetryDelay
  };
  explicit Admission(const Limits& limits) : limits_(limits) {}

  // A request of so many inputs, `bytes` encoded, comes in; `asked` is the model and version as it
  // names them. RESOURCE_EXHAUSTED: the queue is full, or what waits for this model to be loaded
  // takes half of it.
  absl::Status Enter(const ModelKey& asked, int inputs, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  // A request that is inside waits for its model to be loaded, or no longer.
  void BeginWait(const ModelKey& asked, int inputs) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWait(const ModelKey& asked, int inputs) ABSL_LOCKS_EXCLUDED(mutex_);

  // A request that is inside will hold so many bytes more, decoded. RESOURCE_EXHAUSTED: not now;
  // INVALID_ARGUMENT: they are more than the limit by themselves.
  absl::Status Grow(uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  // It goes, and with it all the bytes it was let in with and has grown by.
  void Leave(int inputs, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Refusal(absl::string_view message, absl::string_view reason) const;
  absl::Status Full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  absl::Mutex mutex_;
  absl::flat_hash_map<ModelKey, int> waiting_ ABSL_GUARDED_BY(mutex_);  // inputs; none is 0
  int inputs_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_ADMISSION_H_
