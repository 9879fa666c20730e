#ifndef GRAFT_SERVER_API_INFER_STREAMS_H_
#define GRAFT_SERVER_API_INFER_STREAMS_H_

#include <cstddef>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/base/refusals.h"

namespace graft::server {

// The streams of ModelStreamInfer that are open: how many there may be, and their end when the
// server stops. Safe for concurrent use.
class InferStreams {
 public:
  explicit InferStreams(size_t most) : most_(most) {}

  // A stream begins; `stop` may be called until Remove returns, and must not call back.
  // RESOURCE_EXHAUSTED: there are too many; UNAVAILABLE: the server stops.
  absl::Status Add(const void* stream, std::function<void()> stop) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return Draining();
    if (open_.size() >= most_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("there are ", most_, " streams open already: come again later"));
    }
    open_.emplace(stream, std::move(stop));
    return absl::OkStatus();
  }
  void Remove(const void* stream) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    open_.erase(stream);
  }

  // Ends all, each once what it has under way is answered, and lets no more begin.
  void StopAll() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for (const auto& [stream, stop] : open_) stop();
  }

 private:
  const size_t most_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<const void*, std::function<void()>> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_INFER_STREAMS_H_
