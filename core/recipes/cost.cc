#include "core/recipes/cost.h"

#include <algorithm>

#include "core/recipes/framings.h"

namespace graft::recipes {

CostEstimate EstimateCost(const ResolvedFineTune& resolved, const NetworkCost& network,
                          int64_t training_images, int64_t validation_images, int64_t test_images) {
  CostEstimate cost;
  cost.training_images = training_images;
  cost.forward_gflops = network.forward_gflops;

  const FineTuneConfig& config = resolved.config;
  const int64_t head = network.head_parameters;
  const auto stages = static_cast<int64_t>(network.stage_parameters.size());
  const int64_t held_out = validation_images + test_images;
  const int64_t views = 1 + config.data.augmented_views.value_or(0);
  const int64_t cached_images = training_images * views + held_out;
  const int64_t images = training_images + held_out;
  if (ComparesFramings(config, images, network.forward_gflops)) {
    // Of the framing that is chosen, the features are kept.
    cost.backbone_forwards += (kFramingsCompared - 1) * images;
  }
  int64_t most_trainable = 0;
  int64_t most_on_promise = 0;  // one of those phases is run at most
  for (const PhaseSpec& phase : resolved.phases) {
    int64_t trained = phase.trainable_stages;
    if (trained == kAllStages) trained = stages;
    trained = std::min(trained, stages);
    int64_t trainable = head;
    for (int64_t i = stages - trained; i < stages; ++i) trainable += network.stage_parameters[i];
    most_trainable = std::max(most_trainable, trainable);
    if (phase.cache_at_cut) cost.backbone_forwards += cached_images;
    // Trained stages run for every image of every epoch, and once more to validate.
    const int64_t epochs =
        trained > 0 ? phase.epochs * (training_images + validation_images) : int64_t{0};
    if (phase.on_promise) {
      most_on_promise = std::max(most_on_promise, epochs);
    } else {
      cost.backbone_forwards += epochs;
    }
  }
  cost.backbone_forwards += most_on_promise;
  // The report at the end, on the test part or else on validation.
  if (!resolved.phases.empty() && resolved.phases.back().trainable_stages != 0) {
    cost.backbone_forwards += test_images > 0 ? test_images : validation_images;
  }
  cost.trainable_parameters = most_trainable;
  cost.parameters = head;
  for (int64_t parameters : network.stage_parameters) cost.parameters += parameters;
  return cost;
}

}  // namespace graft::recipes
