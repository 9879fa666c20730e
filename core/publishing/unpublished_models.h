#ifndef GRAFT_CORE_PUBLISHING_UNPUBLISHED_MODELS_H_
#define GRAFT_CORE_PUBLISHING_UNPUBLISHED_MODELS_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "core/engine/engine.h"
#include "core/model/precision.h"
#include "core/serving/predict_cache.h"
#include "core/serving/servable.h"
#include "core/tasks/decoders.h"
#include "core/training/precision_prover.h"

namespace graft::publishing {

// Loads trained models as a server would, before they are published. One for many jobs, one after
// the other: what it computed of pictures for one job it remembers for the next on the same data
// and backbone.
class UnpublishedModels {
 public:
  struct Options {
    // As a server asks them (serving::NetworkLoader::Options): those of one precision before those
    // of a slower one.
    std::vector<std::shared_ptr<const engine::EngineFactory>> engines;
    int threads = 1;
    // Memory for what models have in common.
    uint64_t cache_bytes = uint64_t{64} << 20;
  };

  // `decoders` is borrowed.
  UnpublishedModels(Options options, const tasks::Decoders* decoders)
      : options_(std::move(options)), decoders_(decoders), cache_(options_.cache_bytes) {}

  const std::vector<std::shared_ptr<const engine::EngineFactory>>& engines() const {
    return options_.engines;
  }

  // In this precision where an engine computes it, else in float32: its engine_use() tells. Errors
  // as those of serving::ServableLoader.
  absl::StatusOr<std::shared_ptr<const serving::Servable>> Load(
      const training::TrainedModel& trained, model::Precision precision);

  // In the precision that its description has been given, else in float32.
  absl::StatusOr<std::shared_ptr<const serving::Servable>> LoadAsServed(
      const training::TrainedModel& trained);

  // By these engines, in float32, and with this cache.
  absl::StatusOr<std::shared_ptr<const serving::Servable>> LoadOn(
      std::vector<std::shared_ptr<const engine::EngineFactory>> engines,
      const training::TrainedModel& trained, serving::PredictCache* cache) const;

  // What models that were loaded have in common of pictures.
  serving::PredictCache& cache() { return cache_; }

 private:
  absl::StatusOr<std::shared_ptr<const serving::Servable>> LoadWith(
      const training::TrainedModel& trained, model::Precision precision,
      std::vector<std::shared_ptr<const engine::EngineFactory>> engines,
      serving::PredictCache* cache) const;

  const Options options_;
  const tasks::Decoders* const decoders_;
  serving::PredictCache cache_;
};

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_UNPUBLISHED_MODELS_H_
