#include "core/serving/eviction_policy.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace graft::serving {
namespace {

// Of things that several items share, each once, as large as the largest share of it.
class SharedTotal {
 public:
  void Add(const std::string& id, uint64_t bytes) {
    Sizes& sizes = sizes_[id];
    total_ -= Largest(sizes);
    ++sizes[bytes];
    total_ += Largest(sizes);
  }
  void Remove(const std::string& id, uint64_t bytes) {
    Sizes& sizes = sizes_[id];
    total_ -= Largest(sizes);
    const auto it = sizes.find(bytes);
    if (--it->second == 0) sizes.erase(it);
    total_ += Largest(sizes);
  }
  uint64_t bytes() const { return total_; }

 private:
  using Sizes = std::map<uint64_t, int>;  // of one thing: how many items use so much of it
  static uint64_t Largest(const Sizes& sizes) { return sizes.empty() ? 0 : sizes.rbegin()->first; }

  uint64_t total_ = 0;
  absl::flat_hash_map<std::string, Sizes> sizes_;
};

// The bytes of a changing set of items.
class RunningTotal {
 public:
  void Add(const ModelBytes& item) {
    own_ += item.own_bytes;
    backbones_.Add(item.backbone_digest, item.backbone_bytes);
    segments_.Add(item.segment_id, item.segment_bytes);
  }
  void Remove(const ModelBytes& item) {
    own_ -= item.own_bytes;
    backbones_.Remove(item.backbone_digest, item.backbone_bytes);
    segments_.Remove(item.segment_id, item.segment_bytes);
  }
  uint64_t bytes() const { return own_ + backbones_.bytes() + segments_.bytes(); }

 private:
  uint64_t own_ = 0;
  SharedTotal backbones_;
  SharedTotal segments_;
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
