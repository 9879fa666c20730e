#include "core/serving/eviction_policy.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace graft {

uint64_t TotalBytes(const std::vector<LoadedItem>& items) {
  uint64_t total = 0;
  absl::flat_hash_map<std::string, uint64_t> backbones;
  for (const LoadedItem& item : items) {
    total += item.own_bytes;
    uint64_t& bytes = backbones[item.backbone_digest];
    bytes = std::max(bytes, item.backbone_bytes);
  }
  for (const auto& [digest, bytes] : backbones) total += bytes;
  return total;
}

EvictionPlan PlanEviction(const std::vector<LoadedItem>& items, uint64_t budget_bytes) {
  uint64_t total = TotalBytes(items);
  EvictionPlan plan;
  if (total <= budget_bytes) return plan;

  absl::flat_hash_map<std::string, int> users;
  std::vector<size_t> order;
  for (size_t i = 0; i < items.size(); ++i) {
    ++users[items[i].backbone_digest];
    if (!items[i].in_use) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return items[a].last_used < items[b].last_used; });
  for (const size_t i : order) {
    total -= items[i].own_bytes;
    if (--users[items[i].backbone_digest] == 0) total -= items[i].backbone_bytes;
    plan.evict.push_back(i);
    if (total <= budget_bytes) return plan;
  }
  return EvictionPlan{.evict = {}, .fits = false};
}

}  // namespace graft
