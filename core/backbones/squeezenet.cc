#include "core/backbones/squeezenet.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

// A fire module, or before one a max pool.
struct Row {
  int position;  // in torchvision's nn.Sequential
  int squeezed, expanded;
  bool pool_before = false;
};

std::vector<Row> Rows(SqueezeNetVersion version) {
  if (version == SqueezeNetVersion::k1_0) {
    return {{3, 16, 64},  {4, 16, 64},  {5, 32, 128},  {7, 32, 128, true},
            {8, 48, 192}, {9, 48, 192}, {10, 64, 256}, {12, 64, 256, true}};
  }
  return {{3, 16, 64},        {4, 16, 64},   {6, 32, 128, true}, {7, 32, 128},
          {9, 48, 192, true}, {10, 48, 192}, {11, 64, 256},      {12, 64, 256}};
}

class SqueezeNetBuilder {
 public:
  explicit SqueezeNetBuilder(SqueezeNetVersion version)
      : builder_(version == SqueezeNetVersion::k1_0 ? "squeezenet1_0" : "squeezenet1_1"),
        version_(version) {}

  nn::NetworkSpec Build() {
    const bool first = version_ == SqueezeNetVersion::k1_0;
    int channels = first ? 96 : 64;
    Convolution("features.0", 3, channels, first ? 7 : 3, 2, 0);
    Pool();
    builder_.EndStage("stem");
    int stage = 0;
    for (const Row& row : Rows(version_)) {
      if (row.pool_before) {
        Pool();
        builder_.EndStage(absl::StrCat("fires.", stage++));
      }
      channels = Fire(absl::StrCat("features.", row.position, "."), channels, row);
    }
    builder_.EndStage(absl::StrCat("fires.", stage));
    builder_.EndFeatures();

    builder_.Append("", nn::Dropout{0.5});
    Convolution("classifier.1", channels, 1000, 1, 1, 0);
    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  void Pool() { builder_.Append("", nn::MaxPool2d{.kernel = 3, .stride = 2, .round_up = true}); }

  // With its ReLU. Returns the node.
  int Convolution(const std::string& name, int in, int out, int kernel, int stride, int padding) {
    builder_.Append(name, nn::Conv2d{.in_channels = in,
                                     .out_channels = out,
                                     .kernel = kernel,
                                     .stride = stride,
                                     .padding = padding});
    return builder_.Append("", nn::Activation{nn::ActivationKind::kRelu});
  }

  // Returns the channels that come out.
  int Fire(const std::string& prefix, int in, const Row& row) {
    const int squeezed = Convolution(prefix + "squeeze", in, row.squeezed, 1, 1, 0);
    const int narrow = Convolution(prefix + "expand1x1", row.squeezed, row.expanded, 1, 1, 0);
    builder_.Append(
        prefix + "expand3x3",
        nn::Conv2d{
            .in_channels = row.squeezed, .out_channels = row.expanded, .kernel = 3, .padding = 1},
        {squeezed});
    const int wide = builder_.Append("", nn::Activation{nn::ActivationKind::kRelu});
    builder_.Append("", nn::ConcatChannels{}, {narrow, wide});
    return 2 * row.expanded;
  }

  nn::SpecBuilder builder_;
  const SqueezeNetVersion version_;
};

}  // namespace

nn::NetworkSpec BuildSqueezeNet(SqueezeNetVersion version) {
  return SqueezeNetBuilder(version).Build();
}

}  // namespace graft::backbones
