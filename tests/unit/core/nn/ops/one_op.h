#ifndef GRAFT_TESTS_UNIT_CORE_NN_OPS_ONE_OP_H_
#define GRAFT_TESTS_UNIT_CORE_NN_OPS_ONE_OP_H_

#include <memory>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/nn/network.h"

namespace graft::nn {

// A network of one node "op" that reads all of `inputs`, in one stage.
inline NetworkSpec OneOp(const Op& op, std::vector<NetworkInput> inputs) {
  std::vector<int> reads;
  for (size_t i = 0; i < inputs.size(); ++i) reads.push_back(InputNode(static_cast<int>(i)));
  SpecBuilder builder("one_op", std::move(inputs));
  builder.Append("op", op, std::move(reads));
  builder.EndStage("all");
  builder.EndFeatures();
  return builder.Take();
}

inline std::unique_ptr<Network> OneOpNetwork(const Op& op, std::vector<NetworkInput> inputs) {
  return Network::Create(OneOp(op, std::move(inputs)), 1).value();
}

// What the one node of `network` gives.
inline at::Tensor RunOneOp(const Network& network, const std::vector<at::Tensor>& inputs) {
  return network.ForwardTaps(inputs, 0, 1, {0}).front();
}

}  // namespace graft::nn

#endif  // GRAFT_TESTS_UNIT_CORE_NN_OPS_ONE_OP_H_
