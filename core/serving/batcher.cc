#include "core/serving/batcher.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace graft::serving {

Batcher::Batcher(const BatchOptions& options, Clock* clock, ServingObserver* observer)
    : options_(options), clock_(clock), observer_(observer) {
  for (int i = 0; i < options_.instances; ++i) threads_.emplace_back([this] { Work(); });
}

Batcher::~Batcher() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    ++changes_;
  }
  for (std::thread& thread : threads_) thread.join();
}

void Batcher::Add(std::vector<BatchRow> rows) {
  const absl::Duration now = clock_->Monotonic();
  absl::MutexLock lock(&mutex_);
  for (BatchRow& row : rows) {
    std::deque<Waiting>& queue = queues_[{row.models.front()->batch_key(), row.priority}].rows;
    queue.push_back(Waiting{std::move(row), now});
  }
  ++changes_;
}

void Batcher::Remove(const void* owner) {
  std::vector<Waiting> removed;  // destroyed after the lock is gone: it may hold a model's last use
  absl::MutexLock lock(&mutex_);
  for (auto it = queues_.begin(); it != queues_.end();) {
    std::deque<Waiting>& queue = it->second.rows;
    const auto first = std::stable_partition(
        queue.begin(), queue.end(), [&](const Waiting& w) { return w.row.owner != owner; });
    std::move(first, queue.end(), std::back_inserter(removed));
    queue.erase(first, queue.end());
    if (queue.empty()) {
      queues_.erase(it++);
    } else {
      ++it;
    }
  }
}

int Batcher::waiting() const {
  absl::MutexLock lock(&mutex_);
  size_t rows = 0;
  for (const auto& [key, queue] : queues_) rows += queue.rows.size();
  return static_cast<int>(rows);
}

void Batcher::Work() {
  while (true) {
    Batch batch;
    {
      absl::MutexLock lock(&mutex_);
      batch = Next();
    }
    if (batch.rows.empty() && batch.late.empty()) return;
    Run(std::move(batch));
  }
}

Batcher::Batch Batcher::Next() {
  const auto anything = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !queues_.empty();
  };
  while (true) {
    mutex_.Await(absl::Condition(&anything));
    if (queues_.empty()) return {};

    std::vector<QueueSnapshot> snapshots;
    std::vector<const QueueKey*> keys;
    for (const auto& [key, queue] : queues_) {
      const Waiting& oldest = queue.rows.front();
      QueueSnapshot snapshot{.rows = static_cast<int>(queue.rows.size()),
                             .oldest_since = oldest.arrived,
                             .max_rows = oldest.row.models.front()->max_rows(),
                             .bulk = key.second == Priority::kBulk,
                             .last_pass = queue.last_pass};
      if (options_.max_queue_delay > absl::ZeroDuration()) {  // else nothing waits for its deadline
        for (const Waiting& waiting : queue.rows) {
          snapshot.first_deadline = std::min(snapshot.first_deadline, waiting.row.deadline);
        }
      }
      snapshots.push_back(snapshot);
      keys.push_back(&key);
    }
    BatchOptions options = options_;
    if (stopping_) options.max_queue_delay = absl::ZeroDuration();
    const absl::Duration now = clock_->Monotonic();
    const BatchDecision decision = DecideBatch(snapshots, now, options);
    if (decision.rows == 0) {
      const uint64_t seen = changes_;
      clock_->AwaitUntil(
          mutex_, [this, seen]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return changes_ != seen; },
          decision.look_again);
      continue;
    }

    const auto it = queues_.find(*keys[decision.queue]);
    it->second.last_pass = now;
    std::deque<Waiting>& queue = it->second.rows;
    Batch batch;
    // Late rows do not count: their places go to the next in the queue.
    while (!queue.empty() && static_cast<int>(batch.rows.size()) < decision.rows) {
      Waiting& next = queue.front();
      (next.row.deadline <= now ? batch.late : batch.rows).push_back(std::move(next));
      queue.pop_front();
    }
    if (queue.empty()) queues_.erase(it);
    return batch;
  }
}

void Batcher::Run(Batch batch) {
  for (Waiting& late : batch.late) {
    late.row.done(
        absl::DeadlineExceededError("the deadline passed while the inputs waited for the network"));
  }
  if (batch.rows.empty()) return;

  std::vector<ServableRow> rows;
  absl::flat_hash_set<const Servable*> models;
  absl::Duration oldest = absl::InfiniteDuration();
  for (const Waiting& waiting : batch.rows) {
    ServableRow& row = rows.emplace_back(ServableRow{&waiting.row.input, {}});
    for (const auto& model : waiting.row.models) row.models.push_back(model.get());
    models.insert(row.models.begin(), row.models.end());
    oldest = std::min(oldest, waiting.arrived);
  }
  const absl::Duration started = clock_->Monotonic();
  absl::StatusOr<std::vector<std::vector<RowNumbers>>> answers =
      rows.front().models.front()->Run(rows);
  const absl::Duration ended = clock_->Monotonic();
  if (answers.ok() && answers->size() != rows.size()) {
    answers = absl::InternalError("the network answered for another number of inputs");
  }
  if (observer_ != nullptr) {
    observer_->OnBatch({.rows = static_cast<int>(rows.size()),
                        .models = static_cast<int>(models.size()),
                        .gather = started - oldest,
                        .compute = ended - started});
  }
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    Waiting& waiting = batch.rows[i];
    if (answers.ok()) {
      waiting.row.done(RowResult{std::move((*answers)[i]), waiting.arrived, started, ended});
    } else {
      waiting.row.done(answers.status());
    }
  }
}

}  // namespace graft::serving
