#ifndef GRAFT_CORE_SERVING_EVICTION_POLICY_H_
#define GRAFT_CORE_SERVING_EVICTION_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace graft {

// A version in memory.
struct LoadedItem {
  uint64_t own_bytes = 0;
  std::string backbone_digest;  // items of equal digest share the next
  uint64_t backbone_bytes = 0;
  uint64_t last_used = 0;  // grows with each use
  // Being computed with, or just asked for: dropping it would free nothing now.
  bool in_use = false;
};

struct EvictionPlan {
  std::vector<size_t> evict;  // indices, in the order they go
  bool fits = true;           // whether the rest is within the budget
};

// Bytes of all items, each shared backbone once. Pure.
uint64_t TotalBytes(const std::vector<LoadedItem>& items);

// What to evict so that the rest is within `budget_bytes`: least recently used first, nothing that
// is in use. A backbone's bytes are won only with the last item that uses it. If it cannot be
// done, nothing is evicted: `fits` is false and `evict` empty. Pure.
EvictionPlan PlanEviction(const std::vector<LoadedItem>& items, uint64_t budget_bytes);

}  // namespace graft

#endif  // GRAFT_CORE_SERVING_EVICTION_POLICY_H_
