#ifndef GRAFT_CORE_RECIPES_FRAMINGS_H_
#define GRAFT_CORE_RECIPES_FRAMINGS_H_

#include <cstdint>
#include <iterator>

#include "core/model/input_spec.h"
#include "core/recipes/fine_tune_config.h"

namespace graft::recipes {

// Framings that AUTO compares. All images go through the network once for each.
inline constexpr int kFramingsCompared = static_cast<int>(std::size(model::kFramings));

// Whether a job with this resolved configuration compares framings before it trains: where it asks
// for AUTO, and where it asks for no framing, fits its head by LBFGS, and one pass of its
// `images` through the network costs little: some ten seconds on a few cores. `forward_gflops`:
// operations (multiply-adds x 2, in 1e9) of one image. Pure.
bool ComparesFramings(const FineTuneConfig& config, int64_t images, double forward_gflops);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_FRAMINGS_H_
