#ifndef GRAFT_CORE_PUBLISHING_UNTRIED_PRECISION_H_
#define GRAFT_CORE_PUBLISHING_UNTRIED_PRECISION_H_

#include <optional>
#include <string>
#include <utility>

#include "core/engine/choose_precision.h"
#include "core/training/precision_prover.h"

namespace graft::publishing {

// Tries nothing, and says why: the model is served in float32, or as the job asks.
class UntriedPrecision final : public training::PrecisionProver {
 public:
  explicit UntriedPrecision(std::string why) : why_(std::move(why)) {}

  int64_t Forwards(std::optional<model::Precision>) const override { return 0; }
  absl::StatusOr<model::PrecisionRecord> Prove(const training::TrainedModel&,
                                               std::optional<model::Precision> asked,
                                               training::RunContext*) const override {
    model::PrecisionTrial trial;
    trial.declined = why_;
    return engine::DecidePrecision({std::move(trial)}, "", asked);
  }

 private:
  const std::string why_;
};

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_UNTRIED_PRECISION_H_
