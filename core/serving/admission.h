#ifndef GRAFT_CORE_SERVING_ADMISSION_H_
#define GRAFT_CORE_SERVING_ADMISSION_H_

#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/serving/prediction.h"
#include "core/serving/servable.h"

namespace graft::serving {

// How much the requests inside a Predictor may hold together. Refuses with a RetryDelay what does
// not fit now. Safe for concurrent use.
class Admission {
 public:
  struct Limits {
    int max_inputs = 0;  // answers that are wanted
    uint64_t max_bytes = 0;
    absl::Duration retry_after;  // as RetryDelay
  };
  explicit Admission(const Limits& limits) : limits_(limits) {}

  // A request comes in that asks each model of `asked`, as it names them, about so many inputs,
  // `bytes` encoded. Counted are the answers it wants: inputs times models. RESOURCE_EXHAUSTED: the
  // queue is full, or has no more room for what is not urgent, which gets half of it; or what waits
  // for one of the models to be loaded takes half.
  absl::Status Enter(const std::vector<ModelKey>& asked, int inputs, uint64_t bytes,
                     Priority priority) ABSL_LOCKS_EXCLUDED(mutex_);

  // A request that is inside waits for its model to be loaded, or no longer.
  void BeginWait(const ModelKey& asked, int inputs) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWait(const ModelKey& asked, int inputs) ABSL_LOCKS_EXCLUDED(mutex_);

  // A request that is inside will hold so many bytes more, decoded. RESOURCE_EXHAUSTED: not now;
  // INVALID_ARGUMENT: they are more than the limit by themselves.
  absl::Status Grow(uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  // It goes, its inputs times its models and all the bytes it was let in with and has grown by.
  void Leave(int rows, uint64_t bytes, Priority priority) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Refusal(absl::string_view message, absl::string_view reason) const;
  absl::Status Full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  absl::Mutex mutex_;
  absl::flat_hash_map<ModelKey, int> waiting_ ABSL_GUARDED_BY(mutex_);  // inputs; none is 0
  int rows_ ABSL_GUARDED_BY(mutex_) = 0;
  int bulk_rows_ ABSL_GUARDED_BY(mutex_) = 0;  // of them, those of Priority::kBulk
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_ADMISSION_H_
