#ifndef GRAFT_CORE_RECIPES_COST_H_
#define GRAFT_CORE_RECIPES_COST_H_

#include <cstdint>
#include <vector>

#include "core/recipes/resolve.h"

namespace graft::recipes {

// What a network costs, stage by stage, bottom first.
struct NetworkCost {
  std::vector<int64_t> stage_parameters;
  double forward_gflops = 0;  // multiply-adds x 2 of one image through all stages, in 1e9
  int64_t head_parameters = 0;
};

struct CostEstimate {
  int64_t training_images = 0;
  int64_t backbone_forwards = 0;  // images through the backbone with an empty feature cache
  double forward_gflops = 0;
  int64_t parameters = 0;
  int64_t trainable_parameters = 0;  // at most, in any phase
};

// Images are counted after the split. An upper bound where the feature cache has room: early
// stopping, and features that are there, only make it less.
CostEstimate EstimateCost(const ResolvedFineTune& resolved, const NetworkCost& network,
                          int64_t training_images, int64_t validation_images, int64_t test_images);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_COST_H_
