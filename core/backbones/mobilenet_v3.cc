#include "core/backbones/mobilenet_v3.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

using nn::ActivationKind;

struct BlockRow {
  int kernel, expanded, channels;
  bool gated;  // squeeze-and-excitation
  ActivationKind activation;
  int stride;
};

constexpr ActivationKind kRelu = ActivationKind::kRelu;
constexpr ActivationKind kSwish = ActivationKind::kHardSwish;

// Table 1 of the paper.
std::vector<BlockRow> LargeRows() {
  return {{3, 16, 16, false, kRelu, 1},   {3, 64, 24, false, kRelu, 2},
          {3, 72, 24, false, kRelu, 1},   {5, 72, 40, true, kRelu, 2},
          {5, 120, 40, true, kRelu, 1},   {5, 120, 40, true, kRelu, 1},
          {3, 240, 80, false, kSwish, 2}, {3, 200, 80, false, kSwish, 1},
          {3, 184, 80, false, kSwish, 1}, {3, 184, 80, false, kSwish, 1},
          {3, 480, 112, true, kSwish, 1}, {3, 672, 112, true, kSwish, 1},
          {5, 672, 160, true, kSwish, 2}, {5, 960, 160, true, kSwish, 1},
          {5, 960, 160, true, kSwish, 1}};
}

// Table 2.
std::vector<BlockRow> SmallRows() {
  return {
      {3, 16, 16, true, kRelu, 2},   {3, 72, 24, false, kRelu, 2},  {3, 88, 24, false, kRelu, 1},
      {5, 96, 40, true, kSwish, 2},  {5, 240, 40, true, kSwish, 1}, {5, 240, 40, true, kSwish, 1},
      {5, 120, 48, true, kSwish, 1}, {5, 144, 48, true, kSwish, 1}, {5, 288, 96, true, kSwish, 2},
      {5, 576, 96, true, kSwish, 1}, {5, 576, 96, true, kSwish, 1}};
}

// To a multiple of 8, and no more than a tenth below.
int RoundChannels(int channels) {
  const int rounded = std::max(8, (channels + 4) / 8 * 8);
  return rounded * 10 < channels * 9 ? rounded + 8 : rounded;
}

class MobileNetV3Builder {
 public:
  explicit MobileNetV3Builder(bool large)
      : builder_(large ? "mobilenet_v3_large" : "mobilenet_v3_small"),
        rows_(large ? LargeRows() : SmallRows()),
        hidden_(large ? 1280 : 1024) {}

  nn::NetworkSpec Build() {
    int channels = 16;
    ConvNorm("features.0", 3, channels, 3, 2);
    Activate(kSwish);
    builder_.EndStage("stem");
    int stage = 0;
    for (size_t i = 0; i < rows_.size(); ++i) {
      // A stage ends where the next block halves the map.
      if (i > 0 && rows_[i].stride > 1) builder_.EndStage(absl::StrCat("blocks.", stage++));
      Block(absl::StrCat("features.", i + 1, ".block."), rows_[i], channels);
      channels = rows_[i].channels;
    }
    const int features = 6 * channels;
    ConvNorm(absl::StrCat("features.", rows_.size() + 1), channels, features, 1, 1);
    Activate(kSwish);
    builder_.EndStage("top");
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.Append("classifier.0", nn::Linear{features, hidden_});
    Activate(kSwish);
    builder_.Append("", nn::Dropout{0.2});
    builder_.Append("classifier.3", nn::Linear{hidden_, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  void ConvNorm(const std::string& name, int in, int out, int kernel, int stride, int groups = 1) {
    builder_.Append(name + ".0", nn::Conv2d{.in_channels = in,
                                            .out_channels = out,
                                            .kernel = kernel,
                                            .stride = stride,
                                            .padding = kernel / 2,
                                            .groups = groups,
                                            .bias = false});
    builder_.Append(name + ".1",
                    nn::BatchNorm2d{.channels = out, .epsilon = 1e-3, .momentum = 0.01});
  }

  void Activate(ActivationKind kind) { builder_.Append("", nn::Activation{kind}); }

  void SqueezeExcite(const std::string& name, int channels) {
    const int input = builder_.last();
    const int squeezed = RoundChannels(channels / 4);
    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append(name + ".fc1", nn::Conv2d{.in_channels = channels, .out_channels = squeezed});
    Activate(kRelu);
    builder_.Append(name + ".fc2", nn::Conv2d{.in_channels = squeezed, .out_channels = channels});
    Activate(ActivationKind::kHardSigmoid);
    builder_.Append("", nn::Multiply{}, {input, builder_.last()});
  }

  // An inverted residual, its parts numbered as in torchvision's nn.Sequential.
  void Block(const std::string& prefix, const BlockRow& row, int in) {
    const int input = builder_.last();
    int part = 0;
    const auto next = [&] { return absl::StrCat(prefix, part++); };
    if (row.expanded != in) {
      ConvNorm(next(), in, row.expanded, 1, 1);
      Activate(row.activation);
    }
    ConvNorm(next(), row.expanded, row.expanded, row.kernel, row.stride, row.expanded);
    Activate(row.activation);
    if (row.gated) SqueezeExcite(next(), row.expanded);
    ConvNorm(next(), row.expanded, row.channels, 1, 1);
    if (row.stride == 1 && in == row.channels) {
      builder_.Append("", nn::Add{}, {builder_.last(), input});
    }
  }

  nn::SpecBuilder builder_;
  const std::vector<BlockRow> rows_;
  const int hidden_;
};

}  // namespace

nn::NetworkSpec BuildMobileNetV3(MobileNetV3Size size) {
  return MobileNetV3Builder(size == MobileNetV3Size::kLarge).Build();
}

}  // namespace graft::backbones
