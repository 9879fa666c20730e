#ifndef GRAFT_CORE_DATA_SAMPLER_H_
#define GRAFT_CORE_DATA_SAMPLER_H_

#include <cstdint>
#include <vector>

namespace graft::data {

// The order of an epoch: a permutation of 0 .. count-1 that is a function of (seed, epoch) alone,
// so that a run that resumes goes on with the very same order.
std::vector<int> EpochOrder(int count, uint64_t seed, int epoch);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_SAMPLER_H_
