#ifndef GRAFT_CORE_PUBLISHING_SERVING_PRECISION_PROVER_H_
#define GRAFT_CORE_PUBLISHING_SERVING_PRECISION_PROVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "core/engine/choose_precision.h"
#include "core/engine/engine.h"
#include "core/serving/predict_cache.h"
#include "core/tasks/decoders.h"
#include "core/training/precision_prover.h"

namespace graft::publishing {

// Loads the trained model as a server would, in float32 and in each other precision that the
// engines have, and compares what they answer: on pictures of the validation part, or of the
// training part where nothing is held out, and on views of those where they are few. One for many
// jobs, one after the other.
class ServingPrecisionProver final : public training::PrecisionProver {
 public:
  struct Options {
    // As a server asks them (serving::NetworkLoader::Options): those of one precision before those
    // of a slower one.
    std::vector<std::shared_ptr<const engine::EngineFactory>> engines;
    int threads = 1;
    engine::PrecisionRules rules = {};
    // Memory for what trials have in common with those of later jobs on the same data and backbone.
    uint64_t cache_bytes = uint64_t{64} << 20;
  };

  // `decoders` is borrowed.
  ServingPrecisionProver(Options options, const tasks::Decoders* decoders)
      : options_(std::move(options)), decoders_(decoders), cache_(options_.cache_bytes) {}

  int64_t Forwards(std::optional<model::Precision> asked) const override;
  absl::StatusOr<model::PrecisionRecord> Prove(const training::TrainedModel& trained,
                                               std::optional<model::Precision> asked,
                                               training::RunContext* context) const override;

 private:
  // Those to try, fastest first; none where the job asks for float32.
  std::vector<model::Precision> ToTry(std::optional<model::Precision> asked) const;

  const Options options_;
  const tasks::Decoders* const decoders_;
  mutable serving::PredictCache cache_;  // locks itself
};

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_SERVING_PRECISION_PROVER_H_
