#include "core/engine/folded_segment.h"

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/engine/quantized_weights.h"

namespace graft::engine {
namespace {

// What a folded segment's new tensors are, beside those that it has of the one it came from.
struct Memory {
  std::shared_ptr<const Segment> origin;
  std::deque<std::vector<float>> values;  // whose addresses stay
};

// Nodes that read each node's output; one more for the segment's last.
std::vector<int> CountReaders(const nn::NetworkSpec& spec) {
  std::vector<int> readers(spec.nodes.size(), 0);
  for (const nn::Node& node : spec.nodes) {
    for (const int input : node.inputs) {
      if (input >= 0) ++readers[static_cast<size_t>(input)];
    }
  }
  for (const nn::Tap& tap : spec.taps) ++readers[static_cast<size_t>(tap.node)];
  ++readers.back();
  return readers;
}

// Of each convolution that a norm goes into, that norm; of others -1.
std::vector<int> NormsToFold(const nn::NetworkSpec& spec) {
  const std::vector<int> readers = CountReaders(spec);
  std::vector<int> norms(spec.nodes.size(), -1);
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    if (!std::holds_alternative<nn::BatchNorm2d>(spec.nodes[i].op)) continue;
    const int read = spec.nodes[i].inputs.front();
    if (read < 0 || readers[static_cast<size_t>(read)] != 1) continue;
    if (std::holds_alternative<nn::Conv2d>(spec.nodes[static_cast<size_t>(read)].op)) {
      norms[static_cast<size_t>(read)] = static_cast<int>(i);
    }
  }
  return norms;
}

// The tensors of a segment by name.
class Tensors {
 public:
  explicit Tensors(const Segment& segment) {
    for (const HostTensor& tensor : segment.tensors) by_name_[tensor.name] = &tensor;
  }

  const HostTensor& At(const nn::Node& node, const nn::Slot& slot) const {
    return *by_name_.at(nn::TensorName(node, slot));
  }
  // Empty where the node has no such tensor.
  absl::Span<const float> Values(const nn::Node& node, absl::string_view suffix) const {
    for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
      if (slot.suffix != suffix) continue;
      return {At(node, slot).data, static_cast<size_t>(slot.shape.elements())};
    }
    return {};
  }

 private:
  std::map<std::string, const HostTensor*> by_name_;
};

// Appends `conv` with what `norm` does to it.
void AppendFolded(const nn::Node& norm, nn::Node conv, const Tensors& tensors, Memory& memory,
                  Segment& to) {
  const FoldedNorm scale =
      FoldNorm(tensors.Values(norm, "weight"), tensors.Values(norm, "bias"),
               tensors.Values(norm, "running_mean"), tensors.Values(norm, "running_var"),
               std::get<nn::BatchNorm2d>(norm.op).epsilon);
  const absl::Span<const float> weights = tensors.Values(conv, "weight");
  const absl::Span<const float> bias = tensors.Values(conv, "bias");
  std::vector<float>& scaled = memory.values.emplace_back(weights.begin(), weights.end());
  const size_t each = scaled.size() / scale.gains.size();
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= scale.gains[i / each];
  std::vector<float>& shifted = memory.values.emplace_back(scale.shifts);
  for (size_t i = 0; i < bias.size(); ++i) shifted[i] += bias[i] * scale.gains[i];

  std::get<nn::Conv2d>(conv.op).bias = true;
  for (const nn::Slot& slot : nn::SlotsOf(conv.op)) {
    const bool is_bias = absl::string_view(slot.suffix) == "bias";
    to.tensors.push_back(
        {nn::TensorName(conv, slot), slot.shape, is_bias ? shifted.data() : scaled.data()});
  }
  to.spec.nodes.push_back(std::move(conv));
}

void Append(nn::Node node, const Tensors& tensors, Segment& to) {
  for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
    if (slot.role != nn::Role::kCounter) to.tensors.push_back(tensors.At(node, slot));
  }
  to.spec.nodes.push_back(std::move(node));
}

}  // namespace

std::shared_ptr<const Segment> FoldNorms(const std::shared_ptr<const Segment>& segment) {
  const nn::NetworkSpec& spec = segment->spec;
  const Tensors tensors(*segment);
  const std::vector<int> norms = NormsToFold(spec);
  auto memory = std::make_shared<Memory>();
  memory->origin = segment;
  auto folded = std::make_shared<Segment>();
  folded->pixels = segment->pixels;
  folded->spec = spec;
  folded->spec.nodes.clear();
  std::vector<int> places(spec.nodes.size());  // of the old nodes among the new ones
  const auto now_at = [&](int node) { return node < 0 ? node : places[static_cast<size_t>(node)]; };
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    nn::Node node = spec.nodes[i];
    const int from = node.inputs.empty() ? -1 : node.inputs.front();
    if (from >= 0 && norms[static_cast<size_t>(from)] == static_cast<int>(i)) {
      places[i] = now_at(from);  // the convolution gives what this norm gave
      continue;
    }
    for (int& input : node.inputs) input = now_at(input);
    places[i] = static_cast<int>(folded->spec.nodes.size());
    if (norms[i] < 0) {
      Append(std::move(node), tensors, *folded);
    } else {
      AppendFolded(spec.nodes[static_cast<size_t>(norms[i])], std::move(node), tensors, *memory,
                   *folded);
    }
  }
  for (nn::Tap& tap : folded->spec.taps) tap.node = now_at(tap.node);
  folded->spec.stages.front().end = static_cast<int>(folded->spec.nodes.size());
  folded->keeps = std::move(memory);
  return folded;
}

}  // namespace graft::engine
