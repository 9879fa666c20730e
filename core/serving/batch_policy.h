#ifndef GRAFT_CORE_SERVING_BATCH_POLICY_H_
#define GRAFT_CORE_SERVING_BATCH_POLICY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace graft::serving {

struct BatchOptions {
  int max_batch_size = 8;  // rows of one pass
  // Zero: an idle instance takes all that waits at once. Otherwise a batch goes when it is full or
  // when its oldest row has waited this long.
  absl::Duration max_queue_delay = absl::ZeroDuration();
  int instances = 1;  // passes that may run at the same time
  // So long before the first deadline among its rows a batch goes, full or not: they are to be
  // computed, too.
  absl::Duration deadline_margin = absl::Milliseconds(100);
  // For so long rows of Priority::kBulk let all others go first; then they get one pass, and begin
  // to wait anew: however many there are, others get all the passes in between.
  absl::Duration bulk_patience = absl::Seconds(5);
};

// INVALID_ARGUMENT names the option that makes no sense.
absl::Status Validate(const BatchOptions& options);

// The sizes to warm a network at that serves batches of up to `max_batch_size`: the powers of two
// up to 8. Larger ones would keep the first requests of a large network waiting for many images
// (63 with all up to 32); what they need set up, the first such batch sets up. Pure.
std::vector<int> WarmBatchSizes(int max_batch_size);

// Those of `sizes` that a network of so many rows a pass is ever given, and `max_rows` itself where
// larger ones are left out. Pure.
std::vector<int> WarmSizesWithin(const std::vector<int>& sizes, int max_rows);

// How many images of so many bytes each fit `budget_bytes`: at least 1, at most `most`. Pure.
int RowsWithin(uint64_t bytes_per_row, uint64_t budget_bytes, int most);

// Rows that may ride in one batch.
struct QueueSnapshot {
  int rows = 0;
  absl::Duration oldest_since;  // arrival of its oldest row, monotonic; unused when rows is 0
  int max_rows = 1 << 30;       // of one pass of this queue's network, below max_batch_size or not
  absl::Duration first_deadline = absl::InfiniteDuration();  // the earliest among its rows
  bool bulk = false;                                         // of Priority::kBulk, all of them
  // When a pass of this queue last began while rows were waiting in it.
  absl::Duration last_pass = -absl::InfiniteDuration();
};

struct BatchDecision {
  int queue = -1;  // take from this one ...
  int rows = 0;    // ... so many of its oldest rows now; 0: nothing now
  // With rows 0: look again at this instant even if nothing arrives; infinite when all are empty.
  absl::Duration look_again = absl::InfiniteDuration();
};

// What an idle instance does next. Of the queues whose batch may go, the one whose oldest row came
// first goes, so that no model starves behind a busy one; a bulk queue only where no other may go,
// or when it has had no pass, with rows waiting, for `bulk_patience`. Bulk rows do not fill up the
// passes of others, which would take longer for them. Pure.
BatchDecision DecideBatch(const std::vector<QueueSnapshot>& queues, absl::Duration now,
                          const BatchOptions& options);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_BATCH_POLICY_H_
