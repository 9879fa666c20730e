#include "core/engine/segment_of_network.h"

#include <utility>

#include <ATen/ATen.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::engine {

absl::StatusOr<std::shared_ptr<const Segment>> SegmentOf(
    nn::NetworkSpec spec, absl::Span<const nn::Network* const> networks,
    std::optional<model::InputSpec> pixels, std::shared_ptr<const void> keeps,
    std::vector<model::ActivationRange> ranges) {
  absl::flat_hash_map<std::string, at::Tensor> by_name;
  for (const nn::Network* const network : networks) {
    for (nn::NamedTensor& named : network->NamedTensors()) {
      if (!named.tensor.is_meta()) by_name.emplace(std::move(named.name), std::move(named.tensor));
    }
  }
  auto segment = std::make_shared<Segment>();
  auto kept = std::make_shared<std::pair<std::vector<at::Tensor>, std::shared_ptr<const void>>>();
  kept->second = std::move(keeps);
  for (const nn::Node& node : spec.nodes) {
    for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
      if (slot.role == nn::Role::kCounter) continue;
      std::string name = nn::TensorName(node, slot);
      const auto found = by_name.find(name);
      if (found == by_name.end()) {
        return absl::NotFoundError(
            absl::StrCat("no tensor \"", name, "\" for ", spec.architecture));
      }
      const at::Tensor tensor = found->second.detach().to(at::kCPU, at::kFloat).contiguous();
      segment->tensors.push_back({std::move(name), slot.shape, tensor.const_data_ptr<float>()});
      kept->first.push_back(tensor);
    }
  }
  segment->spec = std::move(spec);
  segment->keeps = std::move(kept);
  segment->pixels = pixels;
  segment->ranges = std::move(ranges);
  GRAFT_RETURN_IF_ERROR(Validate(*segment));
  return segment;
}

}  // namespace graft::engine
