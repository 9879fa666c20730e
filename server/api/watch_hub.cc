#include "server/api/watch_hub.h"

#include <vector>

namespace graft {

bool WatchHub::Add(const std::string& job_id, const std::shared_ptr<Listener>& listener) {
  absl::MutexLock lock(&mutex_);
  if (stopped_ || size_ >= max_streams_) return false;
  if (listeners_[job_id].emplace(listener.get(), listener).second) ++size_;
  return true;
}

void WatchHub::Remove(const std::string& job_id, const Listener* listener) {
  std::shared_ptr<Listener> removed;  // may be the last owner: destroyed after the lock
  absl::MutexLock lock(&mutex_);
  const auto job = listeners_.find(job_id);
  if (job == listeners_.end()) return;
  const auto found = job->second.find(listener);
  if (found == job->second.end()) return;
  removed = std::move(found->second);
  job->second.erase(found);
  --size_;
  if (job->second.empty()) listeners_.erase(job);
}

void WatchHub::Notify(const std::string& job_id) {
  std::vector<std::shared_ptr<Listener>> woken;
  {
    absl::MutexLock lock(&mutex_);
    const auto job = listeners_.find(job_id);
    if (job == listeners_.end()) return;
    for (const auto& [key, listener] : job->second) woken.push_back(listener);
  }
  for (const auto& listener : woken) listener->Wake();
}

void WatchHub::StopAll() {
  std::vector<std::shared_ptr<Listener>> stopped;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for (const auto& [job, streams] : listeners_) {
      for (const auto& [key, listener] : streams) stopped.push_back(listener);
    }
  }
  for (const auto& listener : stopped) listener->Stop();
}

size_t WatchHub::size() const {
  absl::MutexLock lock(&mutex_);
  return size_;
}

}  // namespace graft
