#include "core/backbones/vgg.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

constexpr int kBlocks = 5;
constexpr std::array<int, kBlocks> kChannels = {64, 128, 256, 512, 512};

// Convolutions in each block.
std::array<int, kBlocks> Depths(int layers) {
  switch (layers) {
    case 11:
      return {1, 1, 2, 2, 2};
    case 13:
      return {2, 2, 2, 2, 2};
    case 16:
      return {2, 2, 3, 3, 3};
    default:
      return {2, 2, 4, 4, 4};
  }
}

}  // namespace

nn::NetworkSpec BuildVgg(int layers, bool batch_norm) {
  nn::SpecBuilder builder(absl::StrCat("vgg", layers, batch_norm ? "_bn" : ""));
  const std::array<int, kBlocks> depths = Depths(layers);
  int channels = 3;
  int position = 0;  // in torchvision's nn.Sequential, where activations and pools count too
  for (int block = 0; block < kBlocks; ++block) {
    for (int i = 0; i < depths[block]; ++i) {
      builder.Append(absl::StrCat("features.", position++),
                     nn::Conv2d{.in_channels = channels,
                                .out_channels = kChannels[block],
                                .kernel = 3,
                                .padding = 1});
      channels = kChannels[block];
      if (batch_norm) {
        builder.Append(absl::StrCat("features.", position++), nn::BatchNorm2d{channels});
      }
      builder.Append("", nn::Activation{nn::ActivationKind::kRelu});
      ++position;
    }
    builder.Append("", nn::MaxPool2d{2, 2});
    ++position;
    builder.EndStage(absl::StrCat("block", block + 1));
  }
  builder.EndFeatures();

  builder.Append("", nn::AdaptiveAvgPool2d{7, 7});
  builder.Append("", nn::Flatten{});
  builder.Append("classifier.0", nn::Linear{512 * 7 * 7, 4096});
  builder.Append("", nn::Activation{nn::ActivationKind::kRelu});
  builder.Append("", nn::Dropout{0.5});
  builder.Append("classifier.3", nn::Linear{4096, 4096});
  builder.Append("", nn::Activation{nn::ActivationKind::kRelu});
  builder.Append("", nn::Dropout{0.5});
  builder.Append("classifier.6", nn::Linear{4096, 1000});
  builder.EndStage("classifier");
  return builder.Take();
}

}  // namespace graft::backbones
