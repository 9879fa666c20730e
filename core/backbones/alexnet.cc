#include "core/backbones/alexnet.h"

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

struct Row {
  int position;  // in torchvision's nn.Sequential
  int channels, kernel, stride, padding;
  bool pool_behind;
};

constexpr Row kRows[] = {{0, 64, 11, 4, 2, true},
                         {3, 192, 5, 1, 2, true},
                         {6, 384, 3, 1, 1, false},
                         {8, 256, 3, 1, 1, false},
                         {10, 256, 3, 1, 1, true}};

}  // namespace

nn::NetworkSpec BuildAlexNet() {
  nn::SpecBuilder builder("alexnet");
  const auto relu = [&] { builder.Append("", nn::Activation{nn::ActivationKind::kRelu}); };
  int channels = 3;
  int block = 0;
  for (const Row& row : kRows) {
    builder.Append(absl::StrCat("features.", row.position), nn::Conv2d{.in_channels = channels,
                                                                       .out_channels = row.channels,
                                                                       .kernel = row.kernel,
                                                                       .stride = row.stride,
                                                                       .padding = row.padding});
    channels = row.channels;
    relu();
    if (row.pool_behind) builder.Append("", nn::MaxPool2d{.kernel = 3, .stride = 2});
    builder.EndStage(absl::StrCat("block", ++block));
  }
  builder.EndFeatures();

  builder.Append("", nn::AdaptiveAvgPool2d{6, 6});
  builder.Append("", nn::Flatten{});
  builder.Append("", nn::Dropout{0.5});
  builder.Append("classifier.1", nn::Linear{channels * 6 * 6, 4096});
  relu();
  builder.Append("", nn::Dropout{0.5});
  builder.Append("classifier.4", nn::Linear{4096, 4096});
  relu();
  builder.Append("classifier.6", nn::Linear{4096, 1000});
  builder.EndStage("classifier");
  return builder.Take();
}

}  // namespace graft::backbones
