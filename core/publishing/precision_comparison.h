#ifndef GRAFT_CORE_PUBLISHING_PRECISION_COMPARISON_H_
#define GRAFT_CORE_PUBLISHING_PRECISION_COMPARISON_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"

#include "core/model/precision.h"
#include "core/serving/predict_cache.h"
#include "core/serving/servable.h"
#include "core/training/precision_prover.h"

namespace graft::publishing {

// The trained model in one precision, and what comes of it.
struct Candidate {
  model::PrecisionTrial trial;
  std::shared_ptr<const serving::Servable> servable;  // null only where declined

  bool declined() const { return !trial.declined.empty(); }
};

// Runs `rows` through `reference` and through the candidates that are not declined, and fills in
// their trials. Figures of the task are taken where `judged`. An engine that fails, or the
// reference's, declines its candidates.
//
// What a servable has in common with others is kept in `cache`, which the servables must have been
// loaded with: rows that all of them know from there are not even decoded, and another job on the
// same data and backbone takes a moment. Errors: the context's, and DATA_LOSS of an example.
absl::Status ComparePrecisions(const training::TrainedModel& trained, bool judged,
                               const std::vector<training::ExampleRequest>& rows,
                               const serving::Servable& reference,
                               std::vector<Candidate>* candidates, serving::PredictCache* cache,
                               training::RunContext* context);

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_PRECISION_COMPARISON_H_
