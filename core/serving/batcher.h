#ifndef GRAFT_CORE_SERVING_BATCHER_H_
#define GRAFT_CORE_SERVING_BATCHER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/serving/batch_policy.h"
#include "core/serving/prediction.h"
#include "core/serving/servable.h"
#include "core/serving/serving_observer.h"

namespace graft::serving {

// What became of one row. Instants are of Clock::Monotonic().
struct RowResult {
  std::vector<RowNumbers> numbers;  // of its models, in their order
  absl::Duration arrived;
  absl::Duration started;  // of its batch
  absl::Duration ended;
};

// One decoded input on its way through the network.
struct BatchRow {
  std::vector<std::shared_ptr<const Servable>> models;  // as of a ServableRow
  PreparedInput input;
  Priority priority = Priority::kInteractive;
  absl::Duration deadline = absl::InfiniteDuration();  // monotonic
  const void* owner = nullptr;                         // for Remove
  // Called once, without a lock held, unless the row is removed. DEADLINE_EXCEEDED if the deadline
  // passed before a batch took it; else what Servable::Run says.
  std::function<void(absl::StatusOr<RowResult>)> done;
};

// Gathers rows into batches as DecideBatch says, and computes them on its own threads: one queue
// for each Servable::batch_key() and priority, so that models over one backbone ride together. The
// length of the queues is bounded by whoever adds. Safe for concurrent use.
class Batcher {
 public:
  // `clock` is borrowed, as is `observer`, which may be null. `options` are valid.
  Batcher(const BatchOptions& options, Clock* clock, ServingObserver* observer);
  // Computes what still waits, then joins.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // The rows arrive together. They belong to the batcher until `done`.
  void Add(std::vector<BatchRow> rows);

  // Drops the rows of `owner` that no batch has taken; their `done` is not called.
  void Remove(const void* owner);

  int waiting() const;

 private:
  struct Waiting {
    BatchRow row;
    absl::Duration arrived;
  };
  using QueueKey = std::pair<std::string, Priority>;  // the batch_key first
  struct Queue {
    std::deque<Waiting> rows;
    absl::Duration last_pass = -absl::InfiniteDuration();  // QueueSnapshot::last_pass
  };
  struct Batch {
    std::vector<Waiting> rows;
    std::vector<Waiting> late;
  };

  void Work();
  // The next batch, waiting for it; empty when stopping and nothing is left.
  Batch Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run(Batch batch) ABSL_LOCKS_EXCLUDED(mutex_);

  // Constant after construction.
  const BatchOptions options_;
  Clock* const clock_;
  ServingObserver* const observer_;

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<QueueKey, Queue> queues_ ABSL_GUARDED_BY(mutex_);
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_BATCHER_H_
