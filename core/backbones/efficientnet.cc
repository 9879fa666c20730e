#include "core/backbones/efficientnet.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

// Of TensorFlow's batch norms; it counts momentum the other way round, as 0.99.
constexpr double kEpsilon = 1e-3;
constexpr double kMomentum = 0.01;

struct BlockRow {
  int repeats, kernel, stride, expansion, channels;
};

// Table 1 of the paper: the B0 network, which all others scale.
constexpr BlockRow kBlocks[] = {
    {1, 3, 1, 1, 16},  {2, 3, 2, 6, 24},  {2, 5, 2, 6, 40},  {3, 3, 2, 6, 80},
    {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192}, {1, 3, 1, 6, 320},
};
constexpr int kRows = 7;

struct Scaling {
  double width, depth, dropout;
};

constexpr Scaling kScalings[] = {{1.0, 1.0, 0.2}, {1.0, 1.1, 0.2}, {1.1, 1.2, 0.3},
                                 {1.2, 1.4, 0.3}, {1.4, 1.8, 0.4}, {1.6, 2.2, 0.4},
                                 {1.8, 2.6, 0.5}, {2.0, 3.1, 0.5}};
constexpr Scaling kLiteScalings[] = {
    {1.0, 1.0, 0.2}, {1.0, 1.1, 0.2}, {1.1, 1.2, 0.3}, {1.2, 1.4, 0.3}, {1.4, 1.8, 0.3}};

// The nearest multiple of 8 that does not lose more than a tenth.
int RoundChannels(int channels, double width) {
  const double wanted = channels * width;
  int rounded = std::max(8, static_cast<int>(wanted + 4) / 8 * 8);
  if (rounded < 0.9 * wanted) rounded += 8;
  return rounded;
}

class EfficientNetBuilder {
 public:
  EfficientNetBuilder(std::string architecture, Scaling scaling, bool lite)
      : builder_(std::move(architecture)), scaling_(scaling), lite_(lite) {}

  nn::NetworkSpec Build() {
    int channels = lite_ ? 32 : RoundChannels(32, scaling_.width);
    Convolution("conv_stem", 3, channels, 3, 2);
    NormAndActivation("bn1", channels);
    builder_.EndStage("stem");

    for (int row = 0; row < kRows; ++row) {
      const bool fixed_depth = lite_ && (row == 0 || row == kRows - 1);
      const int repeats = fixed_depth
                              ? kBlocks[row].repeats
                              : static_cast<int>(std::ceil(kBlocks[row].repeats * scaling_.depth));
      const int out = RoundChannels(kBlocks[row].channels, scaling_.width);
      for (int i = 0; i < repeats; ++i) {
        Block(absl::StrCat("blocks.", row, ".", i, "."), kBlocks[row], channels, out,
              i == 0 ? kBlocks[row].stride : 1);
        channels = out;
      }
      if (row + 1 < kRows) builder_.EndStage(absl::StrCat("blocks.", row));
    }
    const int features = lite_ ? 1280 : RoundChannels(1280, scaling_.width);
    Convolution("conv_head", channels, features, 1, 1);
    NormAndActivation("bn2", features);
    builder_.EndStage("top");
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.Append("", nn::Dropout{scaling_.dropout});
    builder_.Append("classifier", nn::Linear{features, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  void Convolution(std::string name, int in, int out, int kernel, int stride, int groups = 1) {
    builder_.Append(std::move(name), nn::Conv2d{.in_channels = in,
                                                .out_channels = out,
                                                .kernel = kernel,
                                                .stride = stride,
                                                .padding_mode = nn::Padding::kSame,
                                                .groups = groups,
                                                .bias = false});
  }

  void Norm(std::string name, int channels) {
    builder_.Append(std::move(name), nn::BatchNorm2d{channels, kEpsilon, kMomentum});
  }

  void NormAndActivation(std::string name, int channels) {
    Norm(std::move(name), channels);
    builder_.Append("",
                    nn::Activation{lite_ ? nn::ActivationKind::kRelu6 : nn::ActivationKind::kSilu});
  }

  // Squeeze-and-excitation (Hu et al. 2018): a gate from the pooled channels. The squeeze is a
  // quarter of the block's input, not of what is gated.
  void SqueezeExcite(const std::string& prefix, int channels, int block_input) {
    const int input = builder_.last();
    const int squeezed = std::max(1, static_cast<int>(std::lround(block_input * 0.25)));
    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append(prefix + "se.conv_reduce",
                    nn::Conv2d{.in_channels = channels, .out_channels = squeezed});
    builder_.Append("", nn::Activation{nn::ActivationKind::kSilu});
    builder_.Append(prefix + "se.conv_expand",
                    nn::Conv2d{.in_channels = squeezed, .out_channels = channels});
    const int gate = builder_.Append("", nn::Activation{nn::ActivationKind::kSigmoid});
    builder_.Append("", nn::Multiply{}, {input, gate});
  }

  // An inverted residual (Sandler et al. 2018); without expansion, a depthwise-separable block.
  void Block(const std::string& prefix, const BlockRow& row, int in, int out, int stride) {
    const int input = builder_.last();
    const bool expands = row.expansion != 1;
    const int middle = in * row.expansion;
    int norm = 1;
    const auto next_norm = [&] { return absl::StrCat(prefix, "bn", norm++); };
    if (expands) {
      Convolution(prefix + "conv_pw", in, middle, 1, 1);
      NormAndActivation(next_norm(), middle);
    }
    Convolution(prefix + "conv_dw", middle, middle, row.kernel, stride, middle);
    NormAndActivation(next_norm(), middle);
    if (!lite_) SqueezeExcite(prefix, middle, in);
    Convolution(prefix + (expands ? "conv_pwl" : "conv_pw"), middle, out, 1, 1);
    Norm(next_norm(), out);
    if (stride == 1 && in == out) builder_.Append("", nn::Add{}, {builder_.last(), input});
  }

  nn::SpecBuilder builder_;
  const Scaling scaling_;
  const bool lite_;
};

}  // namespace

nn::NetworkSpec BuildEfficientNet(int variant) {
  return EfficientNetBuilder(absl::StrCat("tf_efficientnet_b", variant), kScalings[variant], false)
      .Build();
}

nn::NetworkSpec BuildEfficientNetLite(int variant) {
  return EfficientNetBuilder(absl::StrCat("tf_efficientnet_lite", variant), kLiteScalings[variant],
                             true)
      .Build();
}

}  // namespace graft::backbones
