#ifndef GRAFT_CORE_SERVING_EVICTION_POLICY_H_
#define GRAFT_CORE_SERVING_EVICTION_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/serving/memory_ledger.h"

namespace graft::serving {

// Something that takes memory: a version that is loaded, one still held by running requests, or
// one whose load has reserved it.
struct LoadedItem {
  ModelBytes bytes;
  uint64_t last_used = 0;  // grows with each use
  // Being computed with, or just asked for, or not loaded yet: dropping it would free nothing now.
  bool in_use = false;
};

struct EvictionPlan {
  std::vector<size_t> evict;  // indices, in the order they go
  bool fits = true;           // whether the rest is within the budget
};

// What to evict so that the rest and `more` are within `budget_bytes`: least recently used first,
// nothing that is in use. A backbone's bytes are won only with the last item that uses it. If it
// cannot be done, nothing is evicted: `fits` is false and `evict` empty. Pure.
EvictionPlan PlanEviction(const std::vector<LoadedItem>& items, const ModelBytes& more,
                          uint64_t budget_bytes);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_EVICTION_POLICY_H_
