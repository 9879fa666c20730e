#include "server/api/watch_hub.h"

#include <algorithm>
#include <iterator>

#include "core/base/refusals.h"
#include "server/api/run_handler.h"

namespace graft::server {
namespace {

// Whether a page read from `after` on says what follows `place`: it has events beyond it, or begins
// just there.
bool Covers(const EventPage& page, uint64_t after, uint64_t place) {
  return place == after ||
         (place > after && !page.events.empty() && place < page.events.back().sequence());
}

}  // namespace

bool WatchHub::Add(const WatchedJob& job, const std::shared_ptr<Listener>& listener,
                   ReadEvents read) {
  absl::MutexLock lock(&mutex_);
  if (stopped_ || size_ >= max_streams_) return false;
  std::shared_ptr<Feed>& feed = jobs_[job.job_id][job.project];
  if (feed == nullptr) {
    feed = std::make_shared<Feed>();
    feed->read = std::move(read);
  }
  if (feed->listeners.emplace(listener.get(), listener).second) ++size_;
  return true;
}

std::shared_ptr<WatchHub::Feed> WatchHub::Find(const WatchedJob& job) const {
  const auto feeds = jobs_.find(job.job_id);
  if (feeds == jobs_.end()) return nullptr;
  const auto feed = feeds->second.find(job.project);
  return feed == feeds->second.end() ? nullptr : feed->second;
}

void WatchHub::Remove(const WatchedJob& job, const Listener* listener) {
  // May be the last owners: destroyed after the lock.
  std::shared_ptr<Listener> removed;
  std::list<Reader> reader;
  absl::MutexLock lock(&mutex_);
  const std::shared_ptr<Feed> feed = Find(job);
  if (feed == nullptr) return;
  const auto found = feed->listeners.find(listener);
  if (found == feed->listeners.end()) return;
  removed = std::move(found->second);
  feed->listeners.erase(found);
  --size_;
  const auto asked =
      std::find_if(feed->readers.begin(), feed->readers.end(),
                   [&](const Reader& each) { return each.listener.get() == listener; });
  if (asked != feed->readers.end()) reader.splice(reader.begin(), feed->readers, asked);
  if (!feed->listeners.empty()) return;
  Feeds& feeds = jobs_[job.job_id];
  feeds.erase(job.project);
  if (feeds.empty()) jobs_.erase(job.job_id);
}

bool WatchHub::Read(const WatchedJob& job, const std::shared_ptr<Listener>& listener,
                    uint64_t after) {
  absl::MutexLock lock(&mutex_);
  const std::shared_ptr<Feed> feed = Find(job);
  if (feed == nullptr) return true;  // removed meanwhile: nobody waits for an answer
  feed->readers.push_back({listener, after});
  return feed->reading || StartRead(feed);
}

bool WatchHub::StartRead(const std::shared_ptr<Feed>& feed) {
  feed->reading = executor_->Submit([this, feed] { RunRead(feed); });
  return feed->reading;
}

void WatchHub::RunRead(const std::shared_ptr<Feed>& feed) {
  uint64_t after = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (feed->readers.empty()) {  // they left
      feed->reading = false;
      return;
    }
    after = feed->readers.front().after;
    for (Reader& reader : feed->readers) reader.asked_before_read = true;
  }
  absl::StatusOr<std::shared_ptr<const EventPage>> page = absl::InternalError("not read");
  const absl::Status status = CatchExceptions([&] {
    absl::StatusOr<EventPage> read = feed->read(after);
    if (!read.ok()) return read.status();
    page = std::make_shared<const EventPage>(*std::move(read));
    return absl::OkStatus();
  });
  if (!status.ok()) page = status;

  std::list<Reader> answered;
  {
    absl::MutexLock lock(&mutex_);
    for (auto reader = feed->readers.begin(); reader != feed->readers.end();) {
      const auto next = std::next(reader);
      // Events are as good for one who came while they were read. That there are none is not: one
      // may have been added since.
      const bool in_time = reader->asked_before_read || (page.ok() && !(*page)->events.empty());
      if (in_time && (page.ok() ? Covers(**page, after, reader->after) : reader->after == after)) {
        answered.splice(answered.end(), feed->readers, reader);
      }
      reader = next;
    }
    feed->reading = false;
    if (!feed->readers.empty() && !StartRead(feed)) {
      page = Draining();
      answered.splice(answered.end(), feed->readers);
    }
  }
  for (const Reader& reader : answered) reader.listener->Deliver(page);
}

void WatchHub::Notify(const std::string& job_id) {
  std::vector<std::shared_ptr<Listener>> woken;
  {
    absl::MutexLock lock(&mutex_);
    const auto feeds = jobs_.find(job_id);
    if (feeds == jobs_.end()) return;
    for (const auto& [project, feed] : feeds->second) {
      for (const auto& [key, listener] : feed->listeners) woken.push_back(listener);
    }
  }
  for (const auto& listener : woken) listener->Wake();
}

void WatchHub::StopAll() {
  std::vector<std::shared_ptr<Listener>> stopped;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for (const auto& [job, feeds] : jobs_) {
      for (const auto& [project, feed] : feeds) {
        for (const auto& [key, listener] : feed->listeners) stopped.push_back(listener);
      }
    }
  }
  for (const auto& listener : stopped) listener->Stop();
}

size_t WatchHub::size() const {
  absl::MutexLock lock(&mutex_);
  return size_;
}

}  // namespace graft::server
