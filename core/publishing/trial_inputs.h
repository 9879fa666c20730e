#ifndef GRAFT_CORE_PUBLISHING_TRIAL_INPUTS_H_
#define GRAFT_CORE_PUBLISHING_TRIAL_INPUTS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "core/serving/predict_cache.h"
#include "core/serving/servable.h"
#include "core/training/data/training_data.h"
#include "core/training/precision_prover.h"

namespace graft::publishing {

// Which inputs get their pixels.
enum class Pixels {
  kOfUnknown,  // those that a model has to compute from them
  kOfAll,      // and those of which the cache has what comes next
};

// Examples of a job's data as inputs of models that were made from it, batch after batch, in order.
// What a model has in common with others is looked up in a cache, which the models must have been
// loaded with: examples that all of them know from there are not even decoded, unless their
// pixels are asked for.
class TrialInputs {
 public:
  struct Batch {
    std::vector<training::ExampleRequest> requests;
    std::vector<std::vector<serving::PreparedInput>> inputs;  // of the servables, in their order
  };

  // All is borrowed.
  TrialInputs(const training::TrainedModel& trained,
              const std::vector<const serving::Servable*>& servables,
              const std::vector<training::ExampleRequest>& rows, serving::PredictCache* cache,
              Pixels pixels = Pixels::kOfUnknown);

  size_t batches() const { return batches_.size(); }

  // Nothing at the end. DATA_LOSS of an example.
  absl::StatusOr<std::optional<Batch>> Next();

 private:
  struct Planned {
    Batch batch;
    bool known = true;  // no row needs its pixels
  };

  const training::TrainedModel& trained_;
  const Pixels pixels_;
  std::vector<Planned> batches_;
  size_t next_ = 0;
  std::unique_ptr<training::ExampleStream> examples_;  // of the batches that are not known
};

// What a model computes for inputs, in order, in passes of as many as it takes.
absl::StatusOr<std::vector<serving::RowNumbers>> RunInputs(
    const serving::Servable& servable, const std::vector<serving::PreparedInput>& inputs);

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_TRIAL_INPUTS_H_
