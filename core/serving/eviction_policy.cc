#include "core/serving/eviction_policy.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace graft::serving {
namespace {

// The bytes of a changing set of items, each shared backbone once.
class RunningTotal {
 public:
  void Add(const ModelBytes& item) {
    own_ += item.own_bytes;
    Sizes& sizes = backbones_[item.backbone_digest];
    backbone_ -= Largest(sizes);
    ++sizes[item.backbone_bytes];
    backbone_ += Largest(sizes);
  }
  void Remove(const ModelBytes& item) {
    own_ -= item.own_bytes;
    Sizes& sizes = backbones_[item.backbone_digest];
    backbone_ -= Largest(sizes);
    const auto it = sizes.find(item.backbone_bytes);
    if (--it->second == 0) sizes.erase(it);
    backbone_ += Largest(sizes);
  }
  uint64_t bytes() const { return own_ + backbone_; }

 private:
  using Sizes = std::map<uint64_t, int>;  // of one backbone: how many items use so much of it
  static uint64_t Largest(const Sizes& sizes) { return sizes.empty() ? 0 : sizes.rbegin()->first; }

  uint64_t own_ = 0;
  uint64_t backbone_ = 0;
  absl::flat_hash_map<std::string, Sizes> backbones_;
};

}  // namespace

EvictionPlan PlanEviction(const std::vector<LoadedItem>& items, const ModelBytes& more,
                          uint64_t budget_bytes) {
  EvictionPlan plan;
  // By itself it would not fit; and from here on no sum overflows.
  if (TotalBytes({more}) > budget_bytes) return {.evict = {}, .fits = false};
  RunningTotal total;
  total.Add(more);
  std::vector<size_t> order;
  for (size_t i = 0; i < items.size(); ++i) {
    total.Add(items[i].bytes);
    if (!items[i].in_use) order.push_back(i);
  }
  if (total.bytes() <= budget_bytes) return plan;
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return items[a].last_used < items[b].last_used; });
  for (const size_t i : order) {
    total.Remove(items[i].bytes);
    plan.evict.push_back(i);
    if (total.bytes() <= budget_bytes) return plan;
  }
  return {.evict = {}, .fits = false};
}

}  // namespace graft::serving
