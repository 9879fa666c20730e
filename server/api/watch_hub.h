#ifndef GRAFT_SERVER_API_WATCH_HUB_H_
#define GRAFT_SERVER_API_WATCH_HUB_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "graft/v1/finetune.pb.h"

#include "core/base/thread_pool.h"

namespace graft::server {

// Some events of a job, in order.
struct EventPage {
  std::vector<v1::JobEvent> events;
  bool ended = false;  // the job is over and these are its last
  // Where there are no events: how the running job gets on.
  std::optional<v1::Progress> progress;
};

// The events after a sequence number, at most a page of them. Blocks; called on the hub's executor.
using ReadEvents = std::function<absl::StatusOr<EventPage>(uint64_t after_sequence)>;

// Whose job is watched. What one project may read is never handed to another.
struct WatchedJob {
  std::string project;
  std::string job_id;
};

// Wakes the streams of a job when the store has new events of it, and reads those events once for
// all of them: at any time one read a job is under way, and what it brings goes to every stream
// whose place it covers. So a thousand streams of one job cost as many reads as one, on threads
// that answer no other calls. A stream has its own cursor: however slow it is it misses nothing,
// and nothing piles up for it. Safe for concurrent use.
class WatchHub {
 public:
  // One stream. Its methods may be called from any thread, also after the end of the stream.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void Wake() = 0;  // there may be something new
    virtual void Stop() = 0;  // the server is stopping
    // Answers one Read. The page may begin before the place that was asked for.
    virtual void Deliver(const absl::StatusOr<std::shared_ptr<const EventPage>>& page) = 0;
  };

  // `executor` is borrowed, and shut down before the hub is destroyed. At most as many of its tasks
  // wait as jobs are watched.
  WatchHub(size_t max_streams, ThreadPool* executor)
      : max_streams_(max_streams), executor_(executor) {}

  // `read` reads this job. False when there are max_streams already, or after StopAll().
  bool Add(const WatchedJob& job, const std::shared_ptr<Listener>& listener, ReadEvents read);
  void Remove(const WatchedJob& job, const Listener* listener);

  // Asks for what follows `after`; answered by one Deliver, unless the listener is removed. It must
  // have been added, and not ask twice at a time. False once the executor is shut down.
  bool Read(const WatchedJob& job, const std::shared_ptr<Listener>& listener, uint64_t after);

  // The store has events of this job, or has forgotten it.
  void Notify(const std::string& job_id);

  // Ends every stream; Add() refuses from here on.
  void StopAll();

  size_t size() const;

 private:
  // A stream that asked.
  struct Reader {
    std::shared_ptr<Listener> listener;
    uint64_t after = 0;
    bool asked_before_read = false;  // the read under way began after it asked
  };
  // The streams of one job and project.
  struct Feed {
    ReadEvents read;
    absl::flat_hash_map<const Listener*, std::shared_ptr<Listener>> listeners;
    std::list<Reader> readers;  // first come, first read for
    bool reading = false;
  };
  using Feeds = absl::flat_hash_map<std::string, std::shared_ptr<Feed>>;  // by project

  std::shared_ptr<Feed> Find(const WatchedJob& job) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool StartRead(const std::shared_ptr<Feed>& feed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunRead(const std::shared_ptr<Feed>& feed) ABSL_LOCKS_EXCLUDED(mutex_);

  const size_t max_streams_;
  ThreadPool* const executor_;
  mutable absl::Mutex mutex_;  // of the feeds' members too
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  size_t size_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, Feeds> jobs_ ABSL_GUARDED_BY(mutex_);  // by job id
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_WATCH_HUB_H_
