#ifndef GRAFT_CORE_TRAINING_DRIFT_FITTER_H_
#define GRAFT_CORE_TRAINING_DRIFT_FITTER_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

#include "core/model/drift.h"
#include "core/training/data/training_data.h"
#include "core/training/loop/run_context.h"
#include "core/training/precision_prover.h"

namespace graft::training {

// The phase in which it is fitted (PhaseStarted, TrainingProgress).
inline constexpr char kDriftPhase[] = "drift";

// Finds out what pictures a trained model was made with and what it answers for them, as it will be
// served: a serving engine's business.
class DriftFitter {
 public:
  virtual ~DriftFitter() = default;

  // Examples that FitTo sends through the whole network; 0 where there are too few.
  virtual int64_t Forwards(const TrainingData& data) const = 0;

  // With its precision in the description. Nothing where there are too few examples, or where the
  // engine fails, which the observer's log is told. Polls `context` and adds to its work; errors
  // are those of the context and of the examples.
  virtual absl::StatusOr<std::optional<model::DriftRecord>> FitTo(const TrainedModel& trained,
                                                                  RunContext* context) const = 0;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_DRIFT_FITTER_H_
