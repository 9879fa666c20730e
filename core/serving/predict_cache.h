#ifndef GRAFT_CORE_SERVING_PREDICT_CACHE_H_
#define GRAFT_CORE_SERVING_PREDICT_CACHE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace graft::serving {

// What models have in common, computed for inputs that were seen before: a picture that comes
// again, for the same model or another over the same backbone, is neither decoded nor passed
// through it. Least recently used ones go first. Safe for concurrent use.
class PredictCache {
 public:
  using Features = std::shared_ptr<const std::vector<float>>;

  struct Stats {
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t bytes = 0;  // now
  };

  // Of keys and features together; 0 keeps nothing.
  explicit PredictCache(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  bool enabled() const { return max_bytes_ > 0; }

  // Of this input to this computation, in this project: whose time an answer takes must not tell
  // one project what another has sent. `computation` names all that decides the features: the
  // common part and how inputs are made ready for it.
  static std::string Key(absl::string_view project, absl::string_view computation,
                         absl::string_view input);

  // Null where they are not known.
  Features Find(const std::string& key) ABSL_LOCKS_EXCLUDED(mutex_);

  // Does nothing where they are larger than the whole cache.
  void Put(const std::string& key, std::vector<float> features) ABSL_LOCKS_EXCLUDED(mutex_);

  Stats stats() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    std::string key;
    Features features;
    uint64_t bytes = 0;
  };

  const uint64_t max_bytes_;
  mutable absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // the one used last in front
  absl::flat_hash_map<std::string, std::list<Entry>::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_PREDICT_CACHE_H_
