#include "core/backbones/convnext.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

constexpr int kStages = 4;
constexpr double kEpsilon = 1e-6;

struct Shape {
  const char* name;
  std::array<int, kStages> blocks;
  int channels;  // of the first stage; each later one has twice as many
};

Shape ShapeOf(ConvNeXtSize size) {
  switch (size) {
    case ConvNeXtSize::kSmall:
      return {"convnext_small", {3, 3, 27, 3}, 96};
    case ConvNeXtSize::kBase:
      return {"convnext_base", {3, 3, 27, 3}, 128};
    case ConvNeXtSize::kLarge:
      return {"convnext_large", {3, 3, 27, 3}, 192};
    case ConvNeXtSize::kTiny:
      break;
  }
  return {"convnext_tiny", {3, 3, 9, 3}, 96};
}

class ConvNeXtBuilder {
 public:
  explicit ConvNeXtBuilder(const Shape& shape) : builder_(shape.name), shape_(shape) {}

  nn::NetworkSpec Build() {
    int channels = shape_.channels;
    builder_.Append(
        "features.0.0",
        nn::Conv2d{.in_channels = 3, .out_channels = channels, .kernel = 4, .stride = 4});
    NormOfMap("features.0.1", channels);
    builder_.EndStage("stem");
    for (int stage = 0; stage < kStages; ++stage) {
      if (stage > 0) {
        NormOfMap(absl::StrCat("features.", 2 * stage, ".0"), channels);
        builder_.Append(
            absl::StrCat("features.", 2 * stage, ".1"),
            nn::Conv2d{
                .in_channels = channels, .out_channels = 2 * channels, .kernel = 2, .stride = 2});
        channels *= 2;
      }
      for (int i = 0; i < shape_.blocks[stage]; ++i) {
        Block(absl::StrCat("features.", 2 * stage + 1, ".", i, "."), channels);
      }
      builder_.EndStage(absl::StrCat("stage", stage + 1));
    }
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Flatten{});
    builder_.Append("classifier.0", nn::LayerNorm{channels, kEpsilon});
    builder_.Append("classifier.2", nn::Linear{channels, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  // Over the channels of each place.
  void NormOfMap(const std::string& name, int channels) {
    const int map = builder_.last();
    builder_.Append("", nn::MapToTokens{});
    builder_.Append(name, nn::LayerNorm{channels, kEpsilon});
    builder_.Append("", nn::TokensToMap{}, {builder_.last(), map});
  }

  void Block(const std::string& prefix, int channels) {
    const int input = builder_.last();
    const int map = builder_.Append(prefix + "block.0", nn::Conv2d{.in_channels = channels,
                                                                   .out_channels = channels,
                                                                   .kernel = 7,
                                                                   .padding = 3,
                                                                   .groups = channels});
    builder_.Append("", nn::MapToTokens{});
    builder_.Append(prefix + "block.2", nn::LayerNorm{channels, kEpsilon});
    builder_.Append(prefix + "block.3", nn::Linear{channels, 4 * channels});
    builder_.Append("", nn::Activation{nn::ActivationKind::kGelu});
    builder_.Append(prefix + "block.5", nn::Linear{4 * channels, channels});
    builder_.Append("", nn::TokensToMap{}, {builder_.last(), map});
    builder_.Append(prefix + "layer_scale", nn::LayerScale{.channels = channels, .of_map = true});
    builder_.Append("", nn::Add{}, {builder_.last(), input});
  }

  nn::SpecBuilder builder_;
  const Shape shape_;
};

}  // namespace

nn::NetworkSpec BuildConvNeXt(ConvNeXtSize size) { return ConvNeXtBuilder(ShapeOf(size)).Build(); }

}  // namespace graft::backbones
