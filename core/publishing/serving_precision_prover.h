#ifndef GRAFT_CORE_PUBLISHING_SERVING_PRECISION_PROVER_H_
#define GRAFT_CORE_PUBLISHING_SERVING_PRECISION_PROVER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/engine/choose_precision.h"
#include "core/publishing/precision_comparison.h"
#include "core/publishing/range_finder.h"
#include "core/publishing/shared_ranges.h"
#include "core/publishing/unpublished_models.h"
#include "core/serving/servable.h"
#include "core/training/precision_prover.h"

namespace graft::publishing {

// Loads the trained model as a server would, in float32 and in each other precision that the
// engines have, and compares what they answer: on pictures of the validation part, or of the
// training part where nothing is held out, and on views of those where they are few. What it takes
// to compute in 8-bit integers is what other models took, as far as the backbone is unchanged, and
// else is found on the training part first (range_finder.h); it is kept in the record whatever is
// chosen: a server's owner may ask for it.
class ServingPrecisionProver final : public training::PrecisionProver {
 public:
  // Borrowed. `shared` may be null: then each model finds ranges of its own.
  explicit ServingPrecisionProver(UnpublishedModels* models, const SharedRanges* shared = nullptr,
                                  engine::PrecisionRules rules = {})
      : models_(models), shared_(shared), rules_(rules) {}

  int64_t Forwards(std::optional<model::Precision> asked) const override;
  absl::StatusOr<model::PrecisionRecord> Prove(const training::TrainedModel& trained,
                                               std::optional<model::Precision> asked,
                                               training::RunContext* context) const override;

 private:
  // Those to try, fastest first; none where the job asks for float32.
  std::vector<model::Precision> ToTry(std::optional<model::Precision> asked) const;
  // Whether an engine on this machine computes in it.
  bool IsHere(model::Precision precision) const;
  // Declined where it cannot be loaded in that precision.
  Candidate Load(const training::TrainedModel& trained, model::Precision precision) const;

  // What a model is tried in 8-bit integers with, and what of that is for others where it proves
  // right: `to_keep`, of a trunk; "": nothing.
  struct Ranges {
    FoundRanges found;
    std::string kept_for;
    std::vector<model::ActivationRange> to_keep;
  };
  absl::StatusOr<Ranges> RangesFor(const training::TrainedModel& trained,
                                   const serving::Servable& reference,
                                   training::RunContext* context) const;

  UnpublishedModels* const models_;
  const SharedRanges* const shared_;
  const engine::PrecisionRules rules_;
};

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_SERVING_PRECISION_PROVER_H_
