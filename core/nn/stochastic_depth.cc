#include "core/nn/stochastic_depth.h"

#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace graft::nn {

absl::StatusOr<NetworkSpec> WithStochasticDepth(NetworkSpec spec, double rate) {
  if (!(rate >= 0 && rate < 1)) {
    return absl::InvalidArgumentError("stochastic depth: the rate is not at least 0 and below 1");
  }
  std::vector<Add*> additions;
  for (Node& node : spec.nodes) {
    if (auto* add = std::get_if<Add>(&node.op)) additions.push_back(add);
  }
  for (size_t i = 0; i < additions.size(); ++i) {
    additions[i]->drop_path =
        rate * static_cast<double>(i + 1) / static_cast<double>(additions.size());
  }
  return spec;
}

}  // namespace graft::nn
