#include "core/data/batch_loader.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "core/base/status_macros.h"

namespace graft::data {
namespace {

struct Pending {
  ImageBatch batch;
  int left = 0;  // images not prepared yet
  absl::Status status;
  int failed_position = 0;  // of `status`, where it is an error
};

}  // namespace

struct BatchLoader::State {
  State(const Options& given, Prepare function) : options(given), prepare(std::move(function)) {}

  int NumBatches() const { return (options.count + options.batch_size - 1) / options.batch_size; }

  // Whether there is an image to take now: its batch is within the window, or all is done.
  bool CanTake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return stopping || next_position >= options.count ||
           next_position / options.batch_size < next_batch + options.batches_ahead;
  }

  void Work() {
    while (true) {
      int position = 0;
      float* target = nullptr;
      {
        absl::MutexLock lock(&mutex);
        mutex.Await(absl::Condition(this, &State::CanTake));
        if (stopping || next_position >= options.count) return;
        position = next_position++;
        Pending& pending = BatchOf(position);
        target = pending.batch.values.data() +
                 static_cast<size_t>(position % options.batch_size) * options.values_per_image;
      }
      const absl::Status status = prepare(position, target);
      absl::MutexLock lock(&mutex);
      Pending& pending = BatchOf(position);
      if (!status.ok() && (pending.status.ok() || position < pending.failed_position)) {
        pending.status = status;
        pending.failed_position = position;
      }
      --pending.left;
    }
  }

  // The batch of an image, made when its first is taken. A map: its elements do not move.
  Pending& BatchOf(int position) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const int index = position / options.batch_size;
    const auto [it, inserted] = pending_batches.try_emplace(index);
    if (inserted) {
      const int begin = index * options.batch_size;
      const int size = std::min(options.batch_size, options.count - begin);
      it->second.left = size;
      it->second.batch.values.resize(static_cast<size_t>(size) * options.values_per_image);
      for (int i = 0; i < size; ++i) it->second.batch.positions.push_back(begin + i);
    }
    return it->second;
  }

  bool NextIsDone() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto found = pending_batches.find(next_batch);
    return found != pending_batches.end() && found->second.left == 0;
  }

  const Options options;
  const Prepare prepare;
  absl::Mutex mutex;
  int next_position ABSL_GUARDED_BY(mutex) = 0;
  int next_batch ABSL_GUARDED_BY(mutex) = 0;
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::map<int, Pending> pending_batches ABSL_GUARDED_BY(mutex);
  std::vector<std::thread> threads;
};

BatchLoader::BatchLoader(const Options& options, Prepare prepare)
    : state_(std::make_unique<State>(options, std::move(prepare))) {
  const int threads = std::clamp(options.threads, 1, std::max(options.count, 1));
  for (int i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->Work(); });
  }
}

BatchLoader::~BatchLoader() {
  {
    absl::MutexLock lock(&state_->mutex);
    state_->stopping = true;
  }
  for (std::thread& thread : state_->threads) thread.join();
}

absl::StatusOr<std::optional<ImageBatch>> BatchLoader::Next() {
  absl::MutexLock lock(&state_->mutex);
  if (state_->next_batch >= state_->NumBatches()) return std::optional<ImageBatch>();
  state_->mutex.Await(absl::Condition(state_.get(), &State::NextIsDone));
  auto node = state_->pending_batches.extract(state_->next_batch);
  ++state_->next_batch;
  GRAFT_RETURN_IF_ERROR(node.mapped().status);
  return std::optional<ImageBatch>(std::move(node.mapped().batch));
}

}  // namespace graft::data
