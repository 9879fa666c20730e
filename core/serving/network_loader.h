#ifndef GRAFT_CORE_SERVING_NETWORK_LOADER_H_
#define GRAFT_CORE_SERVING_NETWORK_LOADER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

#include "core/backbones/weights_catalog.h"
#include "core/image/probe.h"
#include "core/serving/model_source.h"
#include "core/serving/network_servable.h"
#include "core/serving/servable.h"
#include "core/tasks/decoders.h"

namespace graft::serving {

// Rebuilds networks from published deltas over the installed backbones. All models of one backbone
// digest share one copy of its tensors, which goes with the last of them; stages that none of them
// runs (a published classifier, what a model has changed) are not read. Safe for concurrent use.
class NetworkLoader final : public ServableLoader {
 public:
  struct Options {
    int intra_op_threads = 0;   // of LibTorch, for the whole process; 0 leaves them as they are
    image::ImageLimits images;  // of what Servable::Prepare decodes
    // Of the activations of one pass: bounds its rows (Servable::max_rows), though not below one.
    uint64_t max_batch_bytes = uint64_t{1} << 30;
  };

  // `source`, `weights` and `decoders` are borrowed and must outlive the loader; what it loads
  // keeps the backbone's weights alive by itself.
  NetworkLoader(const Options& options, ModelSource* source,
                const backbones::WeightsCatalog* weights, const tasks::Decoders* decoders);

  absl::StatusOr<ModelBytes> Measure(const ModelKey& key) override;
  absl::StatusOr<std::shared_ptr<const Servable>> Load(
      const ModelKey& key, const std::vector<int>& warm_batch_sizes) override;

 private:
  // Stages [0, stages) of the backbone with this digest, of which `weights` are the weights.
  absl::StatusOr<std::shared_ptr<const SharedBackbone>> Backbone(
      std::shared_ptr<const backbones::BackboneWeights> weights, int stages)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::shared_ptr<const Servable>> Build(const ModelKey& key,
                                                        const std::vector<int>& warm_batch_sizes);
  // Features that several models share are warmed with the first of them; heads each.
  absl::Status Warm(const NetworkServable& servable, const std::vector<int>& batch_sizes)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  ModelSource* const source_;
  const backbones::WeightsCatalog* const weights_;
  const tasks::Decoders* const decoders_;

  absl::Mutex mutex_;
  // By digest, then by how many stages it has; expired once nobody uses it.
  absl::flat_hash_map<std::string, std::map<int, std::weak_ptr<const SharedBackbone>>> backbones_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_NETWORK_LOADER_H_
