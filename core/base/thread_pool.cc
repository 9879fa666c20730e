#include "core/base/thread_pool.h"

#include <pthread.h>
#include <utility>

namespace graft {
namespace {

constexpr size_t kLongestName = 15;  // of a thread, in Linux

// The pool whose task runs on this thread.
thread_local const ThreadPool* current_pool = nullptr;

}  // namespace

ThreadPool::ThreadPool(const std::string& name, int threads, size_t max_waiting)
    : max_waiting_(max_waiting) {
  absl::MutexLock lock(&joining_);
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name = name.substr(0, kLongestName)] {
      pthread_setname_np(pthread_self(), name.c_str());
      Work();
    });
  }
}

ThreadPool::~ThreadPool() { Close(); }

bool ThreadPool::TrySubmit(std::function<void()> task) {
  return Enqueue(std::move(task), /*bounded=*/true);
}

bool ThreadPool::Submit(std::function<void()> task) {
  return Enqueue(std::move(task), /*bounded=*/false);
}

bool ThreadPool::Enqueue(std::function<void()> task, bool bounded) {
  absl::MutexLock lock(&mutex_);
  if (closed_ && (dropping_ || current_pool != this)) return false;
  if (bounded && tasks_.size() >= max_waiting_) return false;
  tasks_.push_back(std::move(task));
  return true;
}

void ThreadPool::Work() {
  current_pool = this;
  const auto ready = [this]()
                         ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_ || !tasks_.empty(); };
  while (true) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&ready));
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

void ThreadPool::Close(OnClose on_close) {
  std::deque<std::function<void()>> dropped;  // destroyed without the lock: they may hold anything
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    if (on_close == OnClose::kDropWaiting) {
      dropping_ = true;
      dropped.swap(tasks_);
    }
  }
  dropped.clear();
  absl::MutexLock lock(&joining_);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

size_t ThreadPool::waiting() const {
  absl::MutexLock lock(&mutex_);
  return tasks_.size();
}

}  // namespace graft
