#include "core/serving/batch_policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace graft::serving {
namespace {

constexpr int kLargestWarm = 8;

}  // namespace

absl::Status Validate(const BatchOptions& options) {
  if (options.max_batch_size < 1 || options.max_batch_size > 1024) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_batch_size must be 1 to 1024, not ", options.max_batch_size));
  }
  if (options.max_queue_delay < absl::ZeroDuration() ||
      options.max_queue_delay > absl::Seconds(10)) {
    return absl::InvalidArgumentError(absl::StrCat("max_queue_delay must be 0 to 10s, not ",
                                                   absl::FormatDuration(options.max_queue_delay)));
  }
  if (options.bulk_patience < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat("bulk_patience must not be negative: ",
                                                   absl::FormatDuration(options.bulk_patience)));
  }
  if (options.instances < 1 || options.instances > 64) {
    return absl::InvalidArgumentError(
        absl::StrCat("instances must be 1 to 64, not ", options.instances));
  }
  return absl::OkStatus();
}

std::vector<int> WarmBatchSizes(int max_batch_size) {
  std::vector<int> sizes;
  for (int size = 1; size <= std::min(max_batch_size, kLargestWarm); size *= 2) {
    sizes.push_back(size);
  }
  return sizes;
}

std::vector<int> WarmSizesWithin(const std::vector<int>& sizes, int max_rows) {
  std::vector<int> within;
  for (const int size : sizes) {
    const int bounded = std::min(size, max_rows);
    if (std::find(within.begin(), within.end(), bounded) == within.end()) {
      within.push_back(bounded);
    }
  }
  return within;
}

int RowsWithin(uint64_t bytes_per_row, uint64_t budget_bytes, int most) {
  const uint64_t rows = budget_bytes / std::max<uint64_t>(bytes_per_row, 1);
  return static_cast<int>(std::clamp<uint64_t>(rows, 1, static_cast<uint64_t>(most)));
}

BatchDecision DecideBatch(const std::vector<QueueSnapshot>& queues, absl::Duration now,
                          const BatchOptions& options) {
  BatchDecision decision;
  std::pair<bool, absl::Duration> first;
  for (size_t i = 0; i < queues.size(); ++i) {
    const QueueSnapshot& queue = queues[i];
    if (queue.rows == 0) continue;
    const int full = std::min(options.max_batch_size, queue.max_rows);
    const absl::Duration due = std::min(queue.oldest_since + options.max_queue_delay,
                                        queue.first_deadline - options.deadline_margin);
    if (queue.rows < full && due > now) {
      decision.look_again = std::min(decision.look_again, due);
      continue;
    }
    const absl::Duration patient_since = std::max(queue.oldest_since, queue.last_pass);
    const bool yields = queue.bulk && now - patient_since < options.bulk_patience;
    if (decision.rows == 0 || std::pair(yields, queue.oldest_since) < first) {
      first = {yields, queue.oldest_since};
      decision.queue = static_cast<int>(i);
      decision.rows = std::min(queue.rows, full);
    }
  }
  if (decision.rows > 0) decision.look_again = absl::InfiniteDuration();
  return decision;
}

}  // namespace graft::serving
