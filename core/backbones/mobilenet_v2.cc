#include "core/backbones/mobilenet_v2.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

struct BlockRow {
  int expansion, channels, repeats, stride;
};

// Table 2 of the paper.
constexpr int kRows = 7;
constexpr BlockRow kBlocks[kRows] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                     {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

class MobileNetV2Builder {
 public:
  explicit MobileNetV2Builder(MobileNetV2Origin origin)
      : builder_(origin == MobileNetV2Origin::kKeras ? "tf_mobilenet_v2" : "mobilenet_v2"),
        keras_(origin == MobileNetV2Origin::kKeras) {}

  nn::NetworkSpec Build() {
    ConvNorm("features.0.0", "features.0.1", 3, 32, 3, 2);
    Relu6();
    builder_.EndStage("stem");
    int channels = 32;
    int position = 1;  // in torchvision's nn.Sequential
    for (int row = 0; row < kRows; ++row) {
      for (int i = 0; i < kBlocks[row].repeats; ++i) {
        Block(absl::StrCat("features.", position++, ".conv."), channels, kBlocks[row].channels,
              kBlocks[row].expansion, i == 0 ? kBlocks[row].stride : 1);
        channels = kBlocks[row].channels;
      }
      if (row + 1 < kRows) builder_.EndStage(absl::StrCat("blocks.", row));
    }
    ConvNorm("features.18.0", "features.18.1", channels, 1280, 1, 1);
    Relu6();
    builder_.EndStage("top");
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.Append("", nn::Dropout{0.2});
    builder_.Append("classifier.1", nn::Linear{1280, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  void ConvNorm(std::string conv, std::string norm, int in, int out, int kernel, int stride,
                int groups = 1) {
    builder_.Append(std::move(conv),
                    nn::Conv2d{.in_channels = in,
                               .out_channels = out,
                               .kernel = kernel,
                               .stride = stride,
                               .padding_mode = keras_ ? nn::Padding::kSame : nn::Padding::kExplicit,
                               .padding = keras_ ? 0 : kernel / 2,
                               .groups = groups,
                               .bias = false});
    builder_.Append(std::move(norm),
                    keras_ ? nn::BatchNorm2d{.channels = out, .epsilon = 1e-3, .momentum = 0.001}
                           : nn::BatchNorm2d{.channels = out});
  }

  void Relu6() { builder_.Append("", nn::Activation{nn::ActivationKind::kRelu6}); }

  // An inverted residual. In torchvision's nn.Sequential a convolution with its activation is one
  // part (i.0 and its norm i.1), the last convolution and its norm are two.
  void Block(const std::string& prefix, int in, int out, int expansion, int stride) {
    const int input = builder_.last();
    const int middle = in * expansion;
    int part = 0;
    if (expansion != 1) {
      ConvNorm(absl::StrCat(prefix, part, ".0"), absl::StrCat(prefix, part, ".1"), in, middle, 1,
               1);
      Relu6();
      ++part;
    }
    ConvNorm(absl::StrCat(prefix, part, ".0"), absl::StrCat(prefix, part, ".1"), middle, middle, 3,
             stride, middle);
    Relu6();
    ConvNorm(absl::StrCat(prefix, part + 1), absl::StrCat(prefix, part + 2), middle, out, 1, 1);
    if (stride == 1 && in == out) builder_.Append("", nn::Add{}, {builder_.last(), input});
  }

  nn::SpecBuilder builder_;
  const bool keras_;
};

}  // namespace

nn::NetworkSpec BuildMobileNetV2(MobileNetV2Origin origin) {
  return MobileNetV2Builder(origin).Build();
}

}  // namespace graft::backbones
