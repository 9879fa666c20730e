#include "core/recipes/feature_plan.h"

#include <algorithm>
#include <numeric>

namespace graft::recipes {

std::vector<CutPlan> PlanFeatures(const std::vector<CutSize>& cuts, int views, uint64_t cache_bytes,
                                  uint64_t memory_bytes) {
  std::vector<CutPlan> plans(cuts.size());
  std::vector<size_t> order(cuts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return cuts[a].stage > cuts[b].stage; });
  for (const size_t i : order) {
    plans[i].stage = cuts[i].stage;
    for (int view = 0; view <= views; ++view) {
      const uint64_t bytes = view == 0 ? cuts[i].plain_bytes : cuts[i].view_bytes;
      uint64_t& room = bytes <= cache_bytes ? cache_bytes : memory_bytes;
      if (bytes > room) break;
      plans[i].places.push_back(&room == &cache_bytes ? FeaturePlace::kCache
                                                      : FeaturePlace::kMemory);
      room -= bytes;
    }
  }
  return plans;
}

}  // namespace graft::recipes
