#include "core/data/sampler.h"

#include <numeric>
#include <utility>

#include "core/data/random.h"

namespace graft::data {

std::vector<int> EpochOrder(int count, uint64_t seed, int epoch) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  Random random = Random::For({seed, static_cast<uint64_t>(epoch), 0x5A3B1E});
  for (int i = count - 1; i > 0; --i) {  // Fisher and Yates
    std::swap(order[i], order[random.Below(static_cast<uint64_t>(i) + 1)]);
  }
  return order;
}

}  // namespace graft::data
