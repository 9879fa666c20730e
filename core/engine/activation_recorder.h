#ifndef GRAFT_CORE_ENGINE_ACTIVATION_RECORDER_H_
#define GRAFT_CORE_ENGINE_ACTIVATION_RECORDER_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

#include "core/engine/activation_histogram.h"
#include "core/model/activation_range.h"

namespace graft::engine {

// What layers of a model read while it runs on examples. Safe for concurrent use.
class ActivationRecorder {
 public:
  // `node`: the layer, by name.
  void Add(const std::string& node, absl::Span<const float> values) ABSL_LOCKS_EXCLUDED(mutex_);

  // In the order in which layers were first seen; a layer that read nothing but zeros has none.
  // FAILED_PRECONDITION names a layer that has read what is no number.
  absl::StatusOr<std::vector<model::ActivationRange>> Ranges() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> order_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, ActivationHistogram> by_node_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_ACTIVATION_RECORDER_H_
