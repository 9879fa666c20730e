#include "core/nn/segment_spec.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::nn {
namespace {

int Last(const NetworkSpec& segment) { return static_cast<int>(segment.nodes.size()) - 1; }

void Append(const Op& op, std::vector<int> inputs, NetworkSpec& segment) {
  segment.nodes.push_back({"", op, std::move(inputs)});
}

void CloseStage(NetworkSpec& segment) {
  segment.stages = {{"all", 0, static_cast<int>(segment.nodes.size())}};
  segment.feature_stages = 1;
}

}  // namespace

absl::StatusOr<NetworkSpec> CutStages(const NetworkSpec& spec, int from, int to,
                                      absl::Span<const Shape> inputs) {
  if (from < 0 || from >= to || to > static_cast<int>(spec.stages.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(spec.architecture, ": no stages [", from, ", ", to, ")"));
  }
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(spec, inputs));
  NetworkSpec segment;
  segment.architecture = spec.architecture;
  segment.inputs = spec.inputs;
  for (size_t i = 0; i < segment.inputs.size(); ++i) segment.inputs[i].shape = inputs[i];
  const int begin = spec.stages[from].begin;
  if (from > 0) {
    segment.inputs[0] = {.name = spec.stages[from - 1].name, .shape = shapes[begin - 1]};
  }
  for (int i = begin; i < spec.stages[to - 1].end; ++i) {
    Node node = spec.nodes[i];
    for (int& input : node.inputs) {
      // Within the stages or, by the rule of stages, the last node before them.
      if (input >= 0) input = input < begin ? kNetworkInput : input - begin;
    }
    segment.nodes.push_back(std::move(node));
  }
  CloseStage(segment);
  return segment;
}

void AppendJoined(absl::Span<const Reading> readings, NetworkSpec& segment) {
  std::vector<int> vectors;
  for (const Reading& reading : readings) {
    int node = reading.node;
    for (const Op& op : reading.ops) {
      Append(op, {node}, segment);
      node = Last(segment);
    }
    vectors.push_back(node);
  }
  if (vectors.size() > 1) Append(Concat{}, vectors, segment);
  CloseStage(segment);
}

void AppendNodes(const NetworkSpec& next, int begin, int end, NetworkSpec& segment) {
  const int entering = Last(segment);
  const int moved = entering + 1 - begin;
  for (int i = begin; i < end; ++i) {
    Node node = next.nodes[i];
    for (int& input : node.inputs) input = input < begin ? entering : input + moved;
    segment.nodes.push_back(std::move(node));
  }
  CloseStage(segment);
}

}  // namespace graft::nn
