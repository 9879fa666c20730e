#include "core/backbones/resnet.h"

#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

constexpr int kLayers = 4;
constexpr std::array<int, kLayers> kWidths = {64, 128, 256, 512};
constexpr int kBottleneckExpansion = 4;

class ResNetBuilder {
 public:
  explicit ResNetBuilder(const ResNetShape& shape) : builder_(shape.name), shape_(shape) {}

  nn::NetworkSpec Build() {
    ConvNorm("conv1", "bn1", 3, 64, 7, 2);
    Relu();
    builder_.Append("", nn::MaxPool2d{.kernel = 3, .stride = 2, .padding = 1});
    builder_.EndStage("stem");
    int channels = 64;
    for (int layer = 0; layer < kLayers; ++layer) {
      for (int i = 0; i < shape_.blocks[layer]; ++i) {
        channels = Block(absl::StrCat("layer", layer + 1, ".", i, "."), channels, kWidths[layer],
                         i == 0 && layer > 0 ? 2 : 1);
      }
      builder_.EndStage(absl::StrCat("layer", layer + 1));
    }
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.Append("fc", nn::Linear{channels, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  void ConvNorm(std::string conv, std::string norm, int in, int out, int kernel, int stride,
                int groups = 1) {
    builder_.Append(std::move(conv), nn::Conv2d{.in_channels = in,
                                                .out_channels = out,
                                                .kernel = kernel,
                                                .stride = stride,
                                                .padding = kernel / 2,
                                                .groups = groups,
                                                .bias = false});
    builder_.Append(std::move(norm), nn::BatchNorm2d{out});
  }

  void Relu() { builder_.Append("", nn::Activation{nn::ActivationKind::kRelu}); }

  // Returns the channels that come out.
  int Block(const std::string& prefix, int in, int width, int stride) {
    const int input = builder_.last();
    int out = width;
    if (shape_.bottleneck) {
      const int middle = width * shape_.width_per_group / 64 * shape_.groups;
      out = width * kBottleneckExpansion;
      ConvNorm(prefix + "conv1", prefix + "bn1", in, middle, 1, 1);
      Relu();
      ConvNorm(prefix + "conv2", prefix + "bn2", middle, middle, 3, stride, shape_.groups);
      Relu();
      ConvNorm(prefix + "conv3", prefix + "bn3", middle, out, 1, 1);
    } else {
      ConvNorm(prefix + "conv1", prefix + "bn1", in, width, 3, stride);
      Relu();
      ConvNorm(prefix + "conv2", prefix + "bn2", width, width, 3, 1);
    }
    const int branch = builder_.last();
    int shortcut = input;
    if (stride != 1 || in != out) {
      builder_.Append(
          prefix + "downsample.0",
          nn::Conv2d{.in_channels = in, .out_channels = out, .stride = stride, .bias = false},
          {input});
      shortcut = builder_.Append(prefix + "downsample.1", nn::BatchNorm2d{out});
    }
    builder_.Append("", nn::Add{}, {branch, shortcut});
    Relu();
    return out;
  }

  nn::SpecBuilder builder_;
  const ResNetShape shape_;
};

}  // namespace

nn::NetworkSpec BuildResNet(const ResNetShape& shape) { return ResNetBuilder(shape).Build(); }

}  // namespace graft::backbones
