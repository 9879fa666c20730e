#ifndef GRAFT_CORE_PUBLISHING_LAYER_NOISE_H_
#define GRAFT_CORE_PUBLISHING_LAYER_NOISE_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"

namespace graft::publishing {

// How far embeddings are from those of the same examples in float32: the mean squared difference as
// a share of the embeddings' variance over the examples. 0 where they are the same; 1 where they
// differ as much as examples do. Infinite where one is no number. Pure.
double NoiseOf(const std::vector<std::vector<float>>& exact,
               const std::vector<std::vector<float>>& noisy);

// Which layers to compute in fewer bits where `all` of them together bring so much noise, and
// without layer i it is less by brought[i]: all but the noisiest, as many as it takes for no more
// than `limit` to be left, for noises of layers add up. Ascending; none where leaving out does not
// come to that. Pure.
std::vector<size_t> QuietLayers(double all, absl::Span<const double> brought, double limit);

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_LAYER_NOISE_H_
