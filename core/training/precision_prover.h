#ifndef GRAFT_CORE_TRAINING_PRECISION_PROVER_H_
#define GRAFT_CORE_TRAINING_PRECISION_PROVER_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/model/model_description.h"
#include "core/model/precision.h"
#include "core/training/data/training_data.h"
#include "core/training/loop/run_context.h"

namespace graft::backbones {
class BackboneWeights;
}  // namespace graft::backbones

namespace graft::tasks {
class Task;
}  // namespace graft::tasks

namespace graft::training {

// What a run has made, and what it can be judged by. Borrowed.
struct TrainedModel {
  const model::ModelDescription* description = nullptr;
  absl::string_view file;  // model.safetensors
  std::shared_ptr<const backbones::BackboneWeights> backbone;
  const tasks::Task* task = nullptr;  // calibrated, if it is one that calibrates
  const TrainingData* data = nullptr;
  uint64_t seed = 0;  // of the views
};

// The phase in which it is found out (PhaseStarted, TrainingProgress).
inline constexpr char kPrecisionPhase[] = "precision";

// Finds out what a trained model may be served in: a serving engine's business, of which training
// knows this much.
class PrecisionProver {
 public:
  virtual ~PrecisionProver() = default;

  // Examples that Prove sends through the whole network, each as often as it does; 0 where there
  // is nothing to try. `asked`: by the job; empty: the fastest that is good enough.
  virtual int64_t Forwards(std::optional<model::Precision> asked) const = 0;

  // Polls `context` and adds to its work. Errors are those of the context and of the examples: what
  // goes wrong in an engine is written into the record, and float32 is chosen.
  virtual absl::StatusOr<model::PrecisionRecord> Prove(const TrainedModel& trained,
                                                       std::optional<model::Precision> asked,
                                                       RunContext* context) const = 0;
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_PRECISION_PROVER_H_
