#include "server/base/executor.h"

#include <utility>

namespace graft {

Executor::Executor(int threads, size_t max_waiting) : max_waiting_(max_waiting) {
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

Executor::~Executor() { Shutdown(); }

bool Executor::TrySubmit(std::function<void()> task) {
  return Enqueue(std::move(task), /*bounded=*/true);
}

bool Executor::Submit(std::function<void()> task) {
  return Enqueue(std::move(task), /*bounded=*/false);
}

bool Executor::Enqueue(std::function<void()> task, bool bounded) {
  absl::MutexLock lock(&mutex_);
  if (stopped_ || (bounded && waiting_.size() >= max_waiting_)) return false;
  waiting_.push_back(std::move(task));
  return true;
}

void Executor::Loop() {
  while (true) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](Executor* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) {
            return self->stopped_ || !self->waiting_.empty();
          },
          this));
      if (waiting_.empty()) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task();
  }
}

void Executor::Shutdown() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace graft
