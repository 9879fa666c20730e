#ifndef GRAFT_CORE_RECIPES_FEATURE_PLAN_H_
#define GRAFT_CORE_RECIPES_FEATURE_PLAN_H_

#include <cstdint>
#include <vector>

namespace graft::recipes {

// What a job would like to keep: what enters `stage`, of all images plain and of the training
// images once more a view.
struct CutSize {
  int stage = 0;
  uint64_t plain_bytes = 0;
  uint64_t view_bytes = 0;  // of one view
};

enum class FeaturePlace {
  kCache,
  kMemory,  // of this job: the next one computes it again
};

struct CutPlan {
  int stage = 0;
  // Where the plain images go, then each view that is kept. Empty: nothing is kept at this cut.
  std::vector<FeaturePlace> places;
};

// Decides what is kept where, for all cuts of a job together: blocks that only fit one by one would
// throw each other out of the cache, and the next job would find none. Cuts nearest to the head
// come first: they are the smallest and save the most work. At each the plain images come before
// the views, and fewer views before none; what the cache has no room for goes into memory while
// that has some. In the order of `cuts`. A function of its arguments alone.
std::vector<CutPlan> PlanFeatures(const std::vector<CutSize>& cuts, int views, uint64_t cache_bytes,
                                  uint64_t memory_bytes);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_FEATURE_PLAN_H_
