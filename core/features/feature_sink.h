#ifndef GRAFT_CORE_FEATURES_FEATURE_SINK_H_
#define GRAFT_CORE_FEATURES_FEATURE_SINK_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace graft::features {

// Takes rows as they are computed, in order.
class FeatureSink {
 public:
  virtual ~FeatureSink() = default;
  // A whole number of rows. An error (disk full) ends the computation.
  virtual absl::Status Append(absl::Span<const float> rows) = 0;
};

// Computes rows [begin, end) of a block into the sink.
using FeatureProducer = std::function<absl::Status(int64_t begin, int64_t end, FeatureSink& sink)>;

}  // namespace graft::features

#endif  // GRAFT_CORE_FEATURES_FEATURE_SINK_H_
