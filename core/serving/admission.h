#ifndef GRAFT_CORE_SERVING_ADMISSION_H_
#define GRAFT_CORE_SERVING_ADMISSION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/serving/overload/callers_inside.h"
#include "core/serving/overload/latency_limiter.h"
#include "core/serving/prediction.h"
#include "core/serving/servable.h"

namespace graft::serving {

// How much is inside, and may be: inputs, each once for every model that is asked about it.
struct AdmissionStats {
  int inputs = 0;
  int limit = 0;  // as configured, or less where the goal for p99 asks for it
};

// How much the requests inside a Predictor may hold together. Refuses with a RetryDelay what does
// not fit now. Safe for concurrent use.
class Admission {
 public:
  struct Limits {
    int max_inputs = 0;  // answers that are wanted
    uint64_t max_bytes = 0;
    absl::Duration retry_after;     // as RetryDelay
    int max_inputs_per_caller = 0;  // 0: as many as there may be
    // Of the durations of answered requests that somebody waits for, as overload/latency_limiter.h
    // keeps it; zero: none.
    absl::Duration p99_goal;
    int instances = 1;  // of the network, and ...
    int full_pass = 1;  // ... inputs in all of them
  };
  // `clock` is borrowed.
  Admission(const Limits& limits, Clock* clock);

  // A request comes in that asks each model of `asked`, as it names them, about so many inputs,
  // `bytes` encoded. Counted are the answers it wants: inputs times models. RESOURCE_EXHAUSTED,
  // with the reason: the caller has too much inside; what waits for one of the models to be loaded
  // takes half of the queue; the queue is full, or has no more room for what is not urgent, which
  // gets half of its inputs and bytes; or answers take longer than the goal. In the last case the
  // delay grows with the overload. A request that is too large for a share, or for the goal's sake,
  // comes in when there is nothing else of it inside.
  absl::Status Enter(const std::vector<ModelKey>& asked, int inputs, uint64_t bytes,
                     Priority priority, absl::string_view caller = {}) ABSL_LOCKS_EXCLUDED(mutex_);

  // A request that is inside waits for a model to be loaded, or no longer.
  void BeginWait(const ModelKey& asked, int inputs) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWait(const ModelKey& asked, int inputs) ABSL_LOCKS_EXCLUDED(mutex_);
  // It waits for some model, or for none any more. While it waits it does not count for the goal.
  void BeginIdle(int rows, Priority priority) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndIdle(int rows, Priority priority) ABSL_LOCKS_EXCLUDED(mutex_);

  // A request that is inside will hold so many bytes more, decoded. RESOURCE_EXHAUSTED: not now;
  // INVALID_ARGUMENT: they are more than the limit by themselves.
  absl::Status Grow(uint64_t bytes, Priority priority) ABSL_LOCKS_EXCLUDED(mutex_);

  // It goes, its inputs times its models and all the bytes it was let in with and has grown by.
  // `ended`: how, if its models were there.
  void Leave(int rows, uint64_t bytes, Priority priority, absl::string_view caller = {},
             const std::optional<EndedRequest>& ended = {}) ABSL_LOCKS_EXCLUDED(mutex_);

  AdmissionStats stats() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static absl::Status Refusal(absl::string_view message, absl::string_view reason,
                              absl::Duration retry_after);
  absl::Status Full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status BulkFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Overloaded(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  Clock* const clock_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<ModelKey, int> waiting_ ABSL_GUARDED_BY(mutex_);  // inputs; none is 0
  int rows_ ABSL_GUARDED_BY(mutex_) = 0;
  int bulk_rows_ ABSL_GUARDED_BY(mutex_) = 0;  // of them, those of Priority::kBulk
  int idle_rows_ ABSL_GUARDED_BY(mutex_) = 0;  // of the others, those that wait for a load
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bulk_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of them, those of Priority::kBulk
  CallersInside callers_ ABSL_GUARDED_BY(mutex_);
  LatencyLimiter limiter_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_ADMISSION_H_
