#ifndef GRAFT_CORE_TRAINING_NOVELTY_FITTER_H_
#define GRAFT_CORE_TRAINING_NOVELTY_FITTER_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

#include "core/novelty/training_features.h"
#include "core/training/data/training_data.h"
#include "core/training/loop/run_context.h"
#include "core/training/precision_prover.h"

namespace graft::training {

// The phase in which it is fitted (PhaseStarted, TrainingProgress).
inline constexpr char kNoveltyPhase[] = "novelty";

// Finds out what inputs a trained model knows, as it will be served: a serving engine's business.
class NoveltyFitter {
 public:
  virtual ~NoveltyFitter() = default;

  // Examples that Fit sends through the whole network; 0 where too little is held out.
  virtual int64_t Forwards(const TrainingData& data) const = 0;

  // With its precision in the description. Nothing where too little is held out, or where the
  // engine fails, which the observer's log is told. Polls `context` and adds to its work; errors
  // are those of the context and of the examples.
  virtual absl::StatusOr<std::optional<novelty::Fit>> FitTo(const TrainedModel& trained,
                                                            RunContext* context) const = 0;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_NOVELTY_FITTER_H_
