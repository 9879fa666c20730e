#include "core/backbones/densenet.h"

#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

constexpr int kBlocks = 4;
constexpr int kBottleneck = 4;  // channels of the 1x1 convolution / those that a layer adds

struct Shape {
  std::array<int, kBlocks> layers = {};
  int growth = 32;  // channels that a layer adds
  int stem = 64;
};

Shape ShapeOf(int layers) {
  switch (layers) {
    case 161:
      return {{6, 12, 36, 24}, 48, 96};
    case 169:
      return {{6, 12, 32, 32}};
    case 201:
      return {{6, 12, 48, 32}};
    default:
      return {{6, 12, 24, 16}};
  }
}

class DenseNetBuilder {
 public:
  explicit DenseNetBuilder(int layers)
      : builder_(absl::StrCat("densenet", layers)), shape_(ShapeOf(layers)) {}

  nn::NetworkSpec Build() {
    Convolution("features.conv0", 3, shape_.stem, 7, 2);
    NormRelu("features.norm0", shape_.stem);
    builder_.Append("", nn::MaxPool2d{.kernel = 3, .stride = 2, .padding = 1});
    builder_.EndStage("stem");
    int channels = shape_.stem;
    for (int block = 0; block < kBlocks; ++block) {
      for (int layer = 0; layer < shape_.layers[block]; ++layer) {
        DenseLayer(absl::StrCat("features.denseblock", block + 1, ".denselayer", layer + 1, "."),
                   channels);
        channels += shape_.growth;
      }
      if (block + 1 < kBlocks) {
        const std::string prefix = absl::StrCat("features.transition", block + 1, ".");
        NormRelu(prefix + "norm", channels);
        Convolution(prefix + "conv", channels, channels / 2, 1, 1);
        channels /= 2;
        builder_.Append("", nn::AvgPool2d{2, 2});
      } else {
        NormRelu("features.norm5", channels);
      }
      builder_.EndStage(absl::StrCat("block", block + 1));
    }
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.Append("classifier", nn::Linear{channels, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  void Convolution(std::string name, int in, int out, int kernel, int stride) {
    builder_.Append(std::move(name), nn::Conv2d{.in_channels = in,
                                                .out_channels = out,
                                                .kernel = kernel,
                                                .stride = stride,
                                                .padding = kernel / 2,
                                                .bias = false});
  }

  void NormRelu(std::string name, int channels) {
    builder_.Append(std::move(name), nn::BatchNorm2d{channels});
    builder_.Append("", nn::Activation{nn::ActivationKind::kRelu});
  }

  void DenseLayer(const std::string& prefix, int in) {
    const int input = builder_.last();
    const int middle = kBottleneck * shape_.growth;
    NormRelu(prefix + "norm1", in);
    Convolution(prefix + "conv1", in, middle, 1, 1);
    NormRelu(prefix + "norm2", middle);
    Convolution(prefix + "conv2", middle, shape_.growth, 3, 1);
    builder_.Append("", nn::ConcatChannels{}, {input, builder_.last()});
  }

  nn::SpecBuilder builder_;
  const Shape shape_;
};

}  // namespace

nn::NetworkSpec BuildDenseNet(int layers) { return DenseNetBuilder(layers).Build(); }

}  // namespace graft::backbones
