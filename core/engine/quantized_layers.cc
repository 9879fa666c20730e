#include "core/engine/quantized_layers.h"

#include <string>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::engine {
namespace {

bool HasWeights(const nn::Node& node) {
  return std::holds_alternative<nn::Conv2d>(node.op) || std::holds_alternative<nn::Linear>(node.op);
}

// A convolution of a map of one place: of a gate.
bool OfOnePlace(const nn::Shape& read) { return read.rank() == 3 && read[1] == 1 && read[2] == 1; }

// How many nodes read each node.
std::vector<int> Readers(const nn::NetworkSpec& segment) {
  std::vector<int> readers(segment.nodes.size(), 0);
  for (const nn::Node& node : segment.nodes) {
    for (const int input : node.inputs) {
      if (input >= 0) ++readers[static_cast<size_t>(input)];
    }
  }
  return readers;
}

}  // namespace

std::vector<int> LayersToQuantize(const nn::NetworkSpec& segment) {
  const std::vector<nn::Shape> inputs = nn::InputShapes(segment);
  const absl::StatusOr<std::vector<nn::Shape>> shapes = nn::InferShapes(segment, inputs);
  std::vector<int> layers;
  if (!shapes.ok()) return layers;
  for (size_t i = 0; i < segment.nodes.size(); ++i) {
    if (!HasWeights(segment.nodes[i])) continue;
    const nn::Shape read = nn::ShapesInto(segment, static_cast<int>(i), inputs, *shapes).front();
    const bool answers = read.rank() == 1;
    if (!answers && !OfOnePlace(read)) layers.push_back(static_cast<int>(i));
  }
  return layers;
}

std::vector<model::ActivationRange> RangesIn(const nn::NetworkSpec& segment,
                                             const std::vector<model::ActivationRange>& ranges) {
  absl::flat_hash_map<absl::string_view, const model::ActivationRange*> by_node;
  for (const model::ActivationRange& range : ranges) by_node[range.node] = &range;
  std::vector<model::ActivationRange> found;
  for (const nn::Node& node : segment.nodes) {
    if (const auto it = by_node.find(node.name); it != by_node.end()) found.push_back(*it->second);
  }
  return found;
}

absl::StatusOr<std::vector<QuantizedLayer>> QuantizedLayersOf(const Segment& segment) {
  GRAFT_RETURN_IF_ERROR(model::Validate(segment.ranges));
  const std::vector<nn::Node>& nodes = segment.spec.nodes;
  absl::flat_hash_map<absl::string_view, const model::ActivationRange*> by_node;
  for (const model::ActivationRange& range : segment.ranges) by_node[range.node] = &range;
  const std::vector<int> readers = Readers(segment.spec);
  std::vector<QuantizedLayer> layers;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const auto found = by_node.find(nodes[i].name);
    if (found == by_node.end() || !HasWeights(nodes[i])) continue;
    layers.push_back(
        {.node = static_cast<int>(i), .low = found->second->low, .high = found->second->high});
    by_node.erase(found);
    const bool normed = i + 1 < nodes.size() && readers[i] == 1 &&
                        std::holds_alternative<nn::BatchNorm2d>(nodes[i + 1].op) &&
                        nodes[i + 1].inputs.front() == static_cast<int>(i);
    if (normed) layers.back().norm = static_cast<int>(i) + 1;
  }
  if (by_node.empty()) return layers;
  return absl::InvalidArgumentError(absl::StrCat("activation ranges: \"", by_node.begin()->first,
                                                 "\" is no convolution or linear layer of ",
                                                 segment.spec.architecture));
}

}  // namespace graft::engine
