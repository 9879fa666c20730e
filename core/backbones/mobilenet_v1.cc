#include "core/backbones/mobilenet_v1.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

struct BlockRow {
  int channels, repeats, stride;
};

// Table 1 of the paper.
constexpr BlockRow kBlocks[] = {{64, 1, 1}, {128, 2, 2}, {256, 2, 2}, {512, 6, 2}, {1024, 2, 2}};

// A convolution with its norm and activation.
void ConvNorm(std::string conv, std::string norm, const nn::Conv2d& sizes,
              nn::SpecBuilder& builder) {
  builder.Append(std::move(conv), sizes);
  builder.Append(
      std::move(norm),
      nn::BatchNorm2d{.channels = sizes.out_channels, .epsilon = 1e-3, .momentum = 0.01});
  builder.Append("", nn::Activation{nn::ActivationKind::kRelu6});
}

nn::Conv2d Sized(int in, int out, int kernel, int stride, int groups = 1) {
  return {.in_channels = in,
          .out_channels = out,
          .kernel = kernel,
          .stride = stride,
          .padding_mode = nn::Padding::kSame,
          .groups = groups,
          .bias = false};
}

}  // namespace

nn::NetworkSpec BuildMobileNetV1() {
  nn::SpecBuilder builder("tf_mobilenet_v1");
  int channels = 32;
  ConvNorm("conv_stem", "bn1", Sized(3, channels, 3, 2), builder);
  builder.EndStage("stem");
  int row_number = 0;
  for (const BlockRow& row : kBlocks) {
    const std::string stage = absl::StrCat("blocks.", row_number++);
    for (int i = 0; i < row.repeats; ++i) {
      const std::string prefix = absl::StrCat(stage, ".", i, ".");
      ConvNorm(prefix + "conv_dw", prefix + "bn1",
               Sized(channels, channels, 3, i == 0 ? row.stride : 1, channels), builder);
      ConvNorm(prefix + "conv_pw", prefix + "bn2", Sized(channels, row.channels, 1, 1), builder);
      channels = row.channels;
    }
    builder.EndStage(stage);
  }
  builder.EndFeatures();

  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("", nn::Flatten{});
  builder.Append("", nn::Dropout{0.001});
  builder.Append("classifier", nn::Linear{channels, 1000});
  builder.EndStage("classifier");
  return builder.Take();
}

}  // namespace graft::backbones
