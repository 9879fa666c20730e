#ifndef GRAFT_SERVER_API_WATCH_HUB_H_
#define GRAFT_SERVER_API_WATCH_HUB_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace graft {

// Wakes the streams of a job when the store has new events of it. It carries no events: a woken
// stream reads what follows its own cursor, so however slow it is it misses nothing and nothing
// piles up for it. Safe for concurrent use.
class WatchHub {
 public:
  // One stream. Wake() may be called from any thread, also after the end of the stream.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void Wake() = 0;
    virtual void Stop() = 0;  // the server is stopping
  };

  explicit WatchHub(size_t max_streams) : max_streams_(max_streams) {}

  // False when there are max_streams already, or after StopAll().
  bool Add(const std::string& job_id, const std::shared_ptr<Listener>& listener);
  void Remove(const std::string& job_id, const Listener* listener);

  // The store has events of this job, or has forgotten it.
  void Notify(const std::string& job_id);

  // Ends every stream; Add() refuses from here on.
  void StopAll();

  size_t size() const;

 private:
  const size_t max_streams_;
  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  size_t size_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, absl::flat_hash_map<const Listener*, std::shared_ptr<Listener>>>
      listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft

#endif  // GRAFT_SERVER_API_WATCH_HUB_H_
