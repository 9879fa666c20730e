#ifndef GRAFT_CORE_PUBLISHING_RANGE_FINDER_H_
#define GRAFT_CORE_PUBLISHING_RANGE_FINDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/model/activation_range.h"
#include "core/publishing/unpublished_models.h"
#include "core/training/precision_prover.h"

namespace graft::publishing {

// What is needed to compute a model in 8-bit integers, or why it is not to be had.
struct FoundRanges {
  std::vector<model::ActivationRange> ranges;
  std::string declined;  // "": found
};

// What a model takes from others: the ranges of the layers that it has in common with them.
struct GivenRanges {
  std::vector<model::ActivationRange> ranges;
  std::vector<std::string> to_find;  // the other layers
};

// Examples that FindRanges sends through the network, those too that go through it once for each
// layer: a guess of how many layers there are.
inline constexpr int64_t kRangeForwards = 1'000;

// `trained` as a model that may be served in 8-bit integers of these ranges. `description` is where
// that is written, and must outlive what is returned.
training::TrainedModel WithRanges(const training::TrainedModel& trained,
                                  std::vector<model::ActivationRange> ranges,
                                  model::ModelDescription* description);

// `reference` is the trained model in float32. Runs it by LibTorch on training pictures, views of
// them where they are few, and sees what its layers read. Where its embeddings then come out too
// far from float32's, it finds the layers that bring the most of that, and leaves them in float32
// (layer_noise.h). What is given stays as it is. Polls `context` and adds to its work. Errors are
// those of the context and of the examples.
absl::StatusOr<FoundRanges> FindRanges(const training::TrainedModel& trained,
                                       const serving::Servable& reference,
                                       const std::optional<GivenRanges>& given,
                                       UnpublishedModels* models, training::RunContext* context);

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_RANGE_FINDER_H_
