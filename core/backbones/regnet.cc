#include "core/backbones/regnet.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

constexpr int kStem = 32;
constexpr double kSqueeze = 0.25;  // of a gate: its inner channels / the block's input

class RegNetBuilder {
 public:
  explicit RegNetBuilder(const RegNetShape& shape) : builder_(shape.name), shape_(shape) {}

  nn::NetworkSpec Build() {
    ConvNorm("stem.", 3, kStem, 3, 2);
    Relu();
    builder_.EndStage("stem");
    int channels = kStem;
    for (int stage = 0; stage < 4; ++stage) {
      for (int i = 0; i < shape_.depths[stage]; ++i) {
        Block(absl::StrCat("trunk_output.block", stage + 1, ".block", stage + 1, "-", i, "."),
              channels, shape_.widths[stage], i == 0 ? 2 : 1);
        channels = shape_.widths[stage];
      }
      builder_.EndStage(absl::StrCat("block", stage + 1));
    }
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.Append("fc", nn::Linear{channels, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  void ConvNorm(const std::string& prefix, int in, int out, int kernel, int stride,
                int groups = 1) {
    builder_.Append(prefix + "0", nn::Conv2d{.in_channels = in,
                                             .out_channels = out,
                                             .kernel = kernel,
                                             .stride = stride,
                                             .padding = kernel / 2,
                                             .groups = groups,
                                             .bias = false});
    builder_.Append(prefix + "1", nn::BatchNorm2d{out});
  }

  void Relu() { builder_.Append("", nn::Activation{nn::ActivationKind::kRelu}); }

  void SqueezeExcite(const std::string& prefix, int channels, int block_input) {
    const int input = builder_.last();
    const int squeezed =
        static_cast<int>(std::lrint(kSqueeze * block_input));  // to even, as Python
    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append(prefix + "fc1", nn::Conv2d{.in_channels = channels, .out_channels = squeezed});
    Relu();
    builder_.Append(prefix + "fc2", nn::Conv2d{.in_channels = squeezed, .out_channels = channels});
    builder_.Append("", nn::Activation{nn::ActivationKind::kSigmoid});
    builder_.Append("", nn::Multiply{}, {input, builder_.last()});
  }

  // A bottleneck as wide inside as outside.
  void Block(const std::string& prefix, int in, int out, int stride) {
    const int input = builder_.last();
    const int groups = out / std::min(shape_.group_width, out);
    ConvNorm(prefix + "f.a.", in, out, 1, 1);
    Relu();
    ConvNorm(prefix + "f.b.", out, out, 3, stride, groups);
    Relu();
    if (shape_.gated) SqueezeExcite(prefix + "f.se.", out, in);
    ConvNorm(prefix + "f.c.", out, out, 1, 1);
    const int branch = builder_.last();
    int shortcut = input;
    if (stride != 1 || in != out) {
      builder_.Append(
          prefix + "proj.0",
          nn::Conv2d{.in_channels = in, .out_channels = out, .stride = stride, .bias = false},
          {input});
      shortcut = builder_.Append(prefix + "proj.1", nn::BatchNorm2d{out});
    }
    builder_.Append("", nn::Add{}, {branch, shortcut});
    Relu();
  }

  nn::SpecBuilder builder_;
  const RegNetShape shape_;
};

}  // namespace

nn::NetworkSpec BuildRegNet(const RegNetShape& shape) { return RegNetBuilder(shape).Build(); }

}  // namespace graft::backbones
