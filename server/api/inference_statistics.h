#ifndef GRAFT_SERVER_API_INFERENCE_STATISTICS_H_
#define GRAFT_SERVER_API_INFERENCE_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/serving/serving_observer.h"

namespace graft::server {

// Adds up what serving did of each version since the server's start, for ModelStatistics, and hands
// all that it hears on. Safe for concurrent use.
class InferenceStatistics final : public serving::ServingObserver {
 public:
  // So many requests, and how long they took altogether.
  struct Sum {
    uint64_t count = 0;
    absl::Duration time;

    void Add(absl::Duration took) {
      ++count;
      time += took;
    }
  };
  struct Version {
    serving::ModelKey key;
    absl::Time last_inference = absl::UnixEpoch();
    uint64_t inputs = 0;
    Sum success, fail, queue, decode, compute;
  };

  // `next` and `clock` are borrowed. Of versions beyond `most` the one that was asked longest ago
  // is forgotten.
  InferenceStatistics(serving::ServingObserver* next, Clock* clock, size_t most = 10'000)
      : next_(next), clock_(clock), most_(most) {}

  void OnRequest(const serving::RequestStats& stats) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnBatch(const serving::BatchStats& stats) override { next_->OnBatch(stats); }
  void OnLoad(const serving::LoadStats& stats) override { next_->OnLoad(stats); }
  void OnLoadedChanged() override { next_->OnLoadedChanged(); }

  // Of a project's versions that were asked, by model and version.
  std::vector<Version> Of(const std::string& project) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  serving::ServingObserver* const next_;
  Clock* const clock_;
  const size_t most_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<serving::ModelKey, Version> versions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_INFERENCE_STATISTICS_H_
