#include "core/nn/network_spec.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::nn {
namespace {

absl::Status NodeError(const NetworkSpec& spec, size_t index, absl::string_view what) {
  const std::string& name = spec.nodes[index].name;
  return absl::InvalidArgumentError(absl::StrCat(spec.architecture, ": node ", index,
                                                 name.empty() ? "" : absl::StrCat(" (", name, ")"),
                                                 " ", what));
}

absl::Status SpecError(const NetworkSpec& spec, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(spec.architecture, ": ", what));
}

// Nodes before `index` whose stage ended before `index`'s stage began may be read only if they are
// the very last of the stage before; the network's first input only by the first stage.
absl::Status CheckStages(const NetworkSpec& spec) {
  int at = 0;
  for (const Stage& stage : spec.stages) {
    if (stage.begin != at || stage.end <= stage.begin) {
      return SpecError(spec, absl::StrCat("stage ", stage.name,
                                          " does not begin where the one before it ends, or is "
                                          "empty"));
    }
    at = stage.end;
    for (int i = stage.begin; i < stage.end; ++i) {
      for (const int input : spec.nodes[i].inputs) {
        const bool beside = input < kNetworkInput;
        if (!beside && input < stage.begin - 1) {
          return NodeError(spec, i, absl::StrCat("reads across the border of stage ", stage.name));
        }
      }
    }
  }
  if (at != static_cast<int>(spec.nodes.size())) {
    return SpecError(spec, "stages do not cover all nodes");
  }
  if (spec.feature_stages < 1 || spec.feature_stages > static_cast<int>(spec.stages.size())) {
    return SpecError(spec, "feature_stages is not a number of stages");
  }
  return absl::OkStatus();
}

absl::Status CheckInputsOf(const NetworkSpec& spec, size_t index) {
  const Node& node = spec.nodes[index];
  const Arity arity = ArityOf(node.op);
  const int count = static_cast<int>(node.inputs.size());
  if (count < arity.min || count > arity.max) {
    return NodeError(spec, index,
                     absl::StrCat("takes ", arity.min,
                                  arity.max == arity.min ? "" : absl::StrCat(" to ", arity.max),
                                  arity.max == 1 ? " input" : " inputs", " and gets ", count));
  }
  for (int i = 0; i < count; ++i) {
    const int input = node.inputs[i];
    if (input >= static_cast<int>(index)) {
      return NodeError(spec, index, "reads a node that does not come before it");
    }
    if (input >= 0) continue;
    const int given = InputNode(input);  // its own inverse
    if (given >= static_cast<int>(spec.inputs.size())) {
      return NodeError(spec, index, "reads an input that the network does not have");
    }
    if (spec.inputs[given].optional && i < arity.optional) {
      return NodeError(
          spec, index,
          absl::StrCat("cannot do without the optional input ", spec.inputs[given].name));
    }
  }
  return absl::OkStatus();
}

// Two tensors of one name would be loaded from the same place; two taps of one name are a riddle.
absl::Status CheckNames(const NetworkSpec& spec) {
  absl::flat_hash_set<std::string> tensors;
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    for (const Slot& slot : SlotsOf(spec.nodes[i].op)) {
      if (!tensors.insert(TensorName(spec.nodes[i], slot)).second) {
        return NodeError(spec, i, "has the name of another");
      }
    }
  }
  absl::flat_hash_set<std::string> taps;
  for (const Stage& stage : spec.stages) taps.insert(stage.name);
  for (const Tap& tap : spec.taps) {
    if (tap.node < 0 || tap.node >= static_cast<int>(spec.nodes.size())) {
      return SpecError(spec, absl::StrCat("tap ", tap.name, " looks at no node"));
    }
    if (!taps.insert(tap.name).second) {
      return SpecError(spec,
                       absl::StrCat("there are two taps, or a tap and a stage, named ", tap.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string TensorName(const Node& node, const Slot& slot) {
  return *slot.suffix == '\0' ? node.name : absl::StrCat(node.name, ".", slot.suffix);
}

int NetworkSpec::FindStage(absl::string_view name) const {
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int NetworkSpec::FindTap(absl::string_view name) const {
  for (const Tap& tap : taps) {
    if (tap.name == name) return tap.node;
  }
  const int stage = FindStage(name);
  return stage < 0 ? -1 : stages[stage].end - 1;
}

absl::Status Validate(const NetworkSpec& spec) {
  if (spec.nodes.empty()) return SpecError(spec, "no nodes");
  if (spec.inputs.empty()) return SpecError(spec, "no inputs");
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    GRAFT_RETURN_IF_ERROR(CheckInputsOf(spec, i));
    const absl::Status sizes = CheckOp(spec.nodes[i].op);
    if (!sizes.ok()) return NodeError(spec, i, sizes.message());
  }
  GRAFT_RETURN_IF_ERROR(CheckStages(spec));
  GRAFT_RETURN_IF_ERROR(CheckNames(spec));
  return InferShapes(spec, InputShapes(spec)).status();
}

std::vector<Shape> InputShapes(const NetworkSpec& spec) {
  std::vector<Shape> inputs;
  for (const NetworkInput& input : spec.inputs) inputs.push_back(input.shape);
  return inputs;
}

std::vector<Shape> ImageInputs(const NetworkSpec& spec, int height, int width) {
  std::vector<Shape> inputs = InputShapes(spec);
  inputs[0] = Shape{inputs[0].rank() > 0 ? inputs[0][0] : 0, height, width};
  return inputs;
}

std::vector<Shape> ShapesInto(const NetworkSpec& spec, int index, absl::Span<const Shape> inputs,
                              absl::Span<const Shape> shapes) {
  std::vector<Shape> in;
  for (const int input : spec.nodes[index].inputs) {
    in.push_back(input < 0 ? inputs[InputNode(input)] : shapes[input]);
  }
  return in;
}

absl::StatusOr<std::vector<Shape>> InferShapes(const NetworkSpec& spec,
                                               absl::Span<const Shape> inputs) {
  if (inputs.size() != spec.inputs.size()) {
    return SpecError(
        spec, absl::StrCat("takes ", spec.inputs.size(), " inputs and gets ", inputs.size()));
  }
  std::vector<Shape> shapes;
  shapes.reserve(spec.nodes.size());
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    const absl::StatusOr<Shape> out =
        OutputShape(spec.nodes[i].op, ShapesInto(spec, static_cast<int>(i), inputs, shapes));
    if (!out.ok()) return NodeError(spec, i, out.status().message());
    shapes.push_back(*out);
  }
  return shapes;
}

absl::StatusOr<std::vector<Shape>> InferShapes(const NetworkSpec& spec, int height, int width) {
  return InferShapes(spec, ImageInputs(spec, height, width));
}

absl::StatusOr<Shape> ShapeAfter(const NetworkSpec& spec, int stage_end, int height, int width) {
  if (stage_end == 0) return ImageInputs(spec, height, width).front();
  if (stage_end < 0 || stage_end > static_cast<int>(spec.stages.size())) {
    return SpecError(spec, absl::StrCat("no stage ", stage_end));
  }
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(spec, height, width));
  return shapes[spec.stages[stage_end - 1].end - 1];
}

int64_t CountParameters(const NetworkSpec& spec, int begin, int end) {
  int64_t count = 0;
  for (int stage = begin; stage < end; ++stage) {
    for (int i = spec.stages[stage].begin; i < spec.stages[stage].end; ++i) {
      for (const Slot& slot : SlotsOf(spec.nodes[i].op)) {
        if (slot.role == Role::kParameter) count += slot.shape.elements();
      }
    }
  }
  return count;
}

absl::StatusOr<int64_t> CountFlops(const NetworkSpec& spec, int begin, int end, int height,
                                   int width) {
  return CountFlops(spec, begin, end, ImageInputs(spec, height, width));
}

absl::StatusOr<int64_t> CountFlops(const NetworkSpec& spec, int begin, int end,
                                   absl::Span<const Shape> inputs) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(spec, inputs));
  int64_t count = 0;
  for (int stage = begin; stage < end; ++stage) {
    for (int i = spec.stages[stage].begin; i < spec.stages[stage].end; ++i) {
      count += FlopsOf(spec.nodes[i].op, ShapesInto(spec, i, inputs, shapes), shapes[i]);
    }
  }
  return count;
}

}  // namespace graft::nn
