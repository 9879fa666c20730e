#ifndef GRAFT_CORE_NN_STOCHASTIC_DEPTH_H_
#define GRAFT_CORE_NN_STOCHASTIC_DEPTH_H_

#include "absl/status/statusor.h"

#include "core/nn/network_spec.h"

namespace graft::nn {

// The same network with stochastic depth (Huang et al. 2016): while training, the branch of the
// l-th of L residual additions drops out with probability rate * l / L. A network computes the same
// as before when it does not train. INVALID_ARGUMENT where `rate` is not at least 0 and below 1.
absl::StatusOr<NetworkSpec> WithStochasticDepth(NetworkSpec spec, double rate);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_STOCHASTIC_DEPTH_H_
