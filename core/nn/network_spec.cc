#include "core/nn/network_spec.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

absl::Status NodeError(const NetworkSpec& spec, size_t index, absl::string_view what) {
  const std::string& name = spec.nodes[index].name;
  return absl::InvalidArgumentError(absl::StrCat(spec.architecture, ": node ", index,
                                                 name.empty() ? "" : absl::StrCat(" (", name, ")"),
                                                 " ", what));
}

// Output size along one side; 0 or less where the input is too small.
int ConvOutput(int in, const Conv2d& conv) {
  if (conv.padding_mode == Padding::kSame) return (in + conv.stride - 1) / conv.stride;
  return (in + 2 * conv.padding - conv.kernel) / conv.stride + 1;
}

absl::StatusOr<Shape> OutputShape(const NetworkSpec& spec, size_t index,
                                  const std::vector<Shape>& in) {
  const auto need_channels = [&](int channels) -> absl::Status {
    if (in[0].channels == channels) return absl::OkStatus();
    return NodeError(spec, index,
                     absl::StrCat("takes ", channels, " channels and gets ", in[0].channels));
  };
  const auto two_inputs = [&]() -> absl::Status {
    if (in.size() == 2) return absl::OkStatus();
    return NodeError(spec, index, "takes two inputs");
  };
  return std::visit(
      Overloaded{
          [&](const Conv2d& conv) -> absl::StatusOr<Shape> {
            GRAFT_RETURN_IF_ERROR(need_channels(conv.in_channels));
            const Shape out{conv.out_channels, ConvOutput(in[0].height, conv),
                            ConvOutput(in[0].width, conv)};
            if (out.height < 1 || out.width < 1) {
              return NodeError(spec, index, "gets an image smaller than its kernel");
            }
            return out;
          },
          [&](const BatchNorm2d& norm) -> absl::StatusOr<Shape> {
            GRAFT_RETURN_IF_ERROR(need_channels(norm.channels));
            return in[0];
          },
          [&](const Activation&) -> absl::StatusOr<Shape> { return in[0]; },
          [&](const Add&) -> absl::StatusOr<Shape> {
            GRAFT_RETURN_IF_ERROR(two_inputs());
            if (!(in[0] == in[1])) return NodeError(spec, index, "adds different shapes");
            return in[0];
          },
          [&](const Multiply&) -> absl::StatusOr<Shape> {
            GRAFT_RETURN_IF_ERROR(two_inputs());
            if (in[1].channels != in[0].channels || in[1].height != 1 || in[1].width != 1) {
              return NodeError(spec, index, "needs a gate of one value a channel");
            }
            return in[0];
          },
          [&](const MaxPool2d& pool) -> absl::StatusOr<Shape> {
            const Shape out{in[0].channels, (in[0].height - pool.kernel) / pool.stride + 1,
                            (in[0].width - pool.kernel) / pool.stride + 1};
            if (in[0].height < pool.kernel || in[0].width < pool.kernel) {
              return NodeError(spec, index, "gets an image smaller than its window");
            }
            return out;
          },
          [&](const AdaptiveAvgPool2d& pool) -> absl::StatusOr<Shape> {
            return Shape{in[0].channels, pool.height, pool.width};
          },
          [&](const Flatten&) -> absl::StatusOr<Shape> {
            return Shape{in[0].channels * in[0].height * in[0].width, 1, 1};
          },
          [&](const Linear& linear) -> absl::StatusOr<Shape> {
            GRAFT_RETURN_IF_ERROR(need_channels(linear.in_features));
            return Shape{linear.out_features, 1, 1};
          },
          [&](const Dropout&) -> absl::StatusOr<Shape> { return in[0]; },
      },
      spec.nodes[index].op);
}

int64_t ParametersOf(const Op& op) {
  return std::visit(
      Overloaded{
          [](const Conv2d& c) {
            return int64_t{c.out_channels} * (c.in_channels / c.groups) * c.kernel * c.kernel +
                   (c.bias ? c.out_channels : 0);
          },
          [](const BatchNorm2d& n) { return int64_t{2} * n.channels; },
          [](const Linear& l) { return int64_t{l.out_features} * (l.in_features + 1); },
          [](const auto&) { return int64_t{0}; },
      },
      op);
}

int64_t FlopsOf(const Op& op, const Shape& out) {
  const int64_t pixels = int64_t{out.height} * out.width;
  return std::visit(
      Overloaded{
          [&](const Conv2d& c) {
            return 2 * pixels * c.out_channels * (c.in_channels / c.groups) * c.kernel * c.kernel;
          },
          [&](const Linear& l) { return int64_t{2} * l.in_features * l.out_features; },
          [](const auto&) { return int64_t{0}; },
      },
      op);
}

// Nodes before `index` whose stage ended before `index`'s stage began may be read only if they are
// the very last of the stage before.
absl::Status CheckStages(const NetworkSpec& spec) {
  int at = 0;
  for (const Stage& stage : spec.stages) {
    if (stage.begin != at || stage.end <= stage.begin) {
      return absl::InvalidArgumentError(absl::StrCat(spec.architecture, ": stage ", stage.name,
                                                     " does not begin where the one "
                                                     "before it ends, or is empty"));
    }
    at = stage.end;
    for (int i = stage.begin; i < stage.end; ++i) {
      for (const int input : spec.nodes[i].inputs) {
        if (input < stage.begin - 1) {
          return NodeError(spec, i, absl::StrCat("reads across the border of stage ", stage.name));
        }
      }
    }
  }
  if (at != static_cast<int>(spec.nodes.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(spec.architecture, ": stages do not cover all nodes"));
  }
  if (spec.feature_stages < 1 || spec.feature_stages > static_cast<int>(spec.stages.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(spec.architecture, ": feature_stages is not a number of stages"));
  }
  return absl::OkStatus();
}

}  // namespace

int NetworkSpec::FindStage(absl::string_view name) const {
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

absl::Status Validate(const NetworkSpec& spec) {
  if (spec.nodes.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(spec.architecture, ": no nodes"));
  }
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    if (spec.nodes[i].inputs.empty()) return NodeError(spec, i, "has no input");
    for (const int input : spec.nodes[i].inputs) {
      if (input < kNetworkInput || input >= static_cast<int>(i)) {
        return NodeError(spec, i, "reads a node that does not come before it");
      }
    }
    if (const auto* conv = std::get_if<Conv2d>(&spec.nodes[i].op)) {
      if (conv->in_channels < 1 || conv->out_channels < 1 || conv->kernel < 1 || conv->stride < 1 ||
          conv->groups < 1 || conv->in_channels % conv->groups != 0 ||
          conv->out_channels % conv->groups != 0) {
        return NodeError(spec, i, "has sizes that make no convolution");
      }
    }
  }
  GRAFT_RETURN_IF_ERROR(CheckStages(spec));
  return InferShapes(spec, spec.input_height, spec.input_width).status();
}

absl::StatusOr<std::vector<Shape>> InferShapes(const NetworkSpec& spec, int height, int width) {
  const Shape input{spec.input_channels, height, width};
  std::vector<Shape> shapes;
  shapes.reserve(spec.nodes.size());
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    std::vector<Shape> in;
    for (const int index : spec.nodes[i].inputs) {
      in.push_back(index == kNetworkInput ? input : shapes[index]);
    }
    GRAFT_ASSIGN_OR_RETURN(const Shape out, OutputShape(spec, i, in));
    shapes.push_back(out);
  }
  return shapes;
}

absl::StatusOr<Shape> ShapeAfter(const NetworkSpec& spec, int stage_end, int height, int width) {
  if (stage_end == 0) return Shape{spec.input_channels, height, width};
  if (stage_end < 0 || stage_end > static_cast<int>(spec.stages.size())) {
    return absl::InvalidArgumentError(absl::StrCat(spec.architecture, ": no stage ", stage_end));
  }
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(spec, height, width));
  return shapes[spec.stages[stage_end - 1].end - 1];
}

int64_t CountParameters(const NetworkSpec& spec, int begin, int end) {
  int64_t count = 0;
  for (int stage = begin; stage < end; ++stage) {
    for (int i = spec.stages[stage].begin; i < spec.stages[stage].end; ++i) {
      count += ParametersOf(spec.nodes[i].op);
    }
  }
  return count;
}

absl::StatusOr<int64_t> CountFlops(const NetworkSpec& spec, int begin, int end, int height,
                                   int width) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InferShapes(spec, height, width));
  int64_t count = 0;
  for (int stage = begin; stage < end; ++stage) {
    for (int i = spec.stages[stage].begin; i < spec.stages[stage].end; ++i) {
      count += FlopsOf(spec.nodes[i].op, shapes[i]);
    }
  }
  return count;
}

}  // namespace graft
