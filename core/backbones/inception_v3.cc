#include "core/backbones/inception_v3.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

// Kernels [height, width] and their padding, which keeps the size where the stride is 1.
struct Kernel {
  int height = 1;
  int width = 1;
  int stride = 1;
  bool padded = true;
};

constexpr Kernel k1x1;
constexpr Kernel k3x3{3, 3};
constexpr Kernel k5x5{5, 5};
constexpr Kernel k1x3{1, 3};
constexpr Kernel k3x1{3, 1};
constexpr Kernel k1x7{1, 7};
constexpr Kernel k7x1{7, 1};
constexpr Kernel k3x3Shrinking{3, 3, 2, false};

// A node and its channels.
struct Map {
  int node = 0;
  int channels = 0;
};

class InceptionV3Builder {
 public:
  nn::NetworkSpec Build() {
    Map x{nn::kNetworkInput, 3};
    x = Conv("Conv2d_1a_3x3", x, 32, k3x3Shrinking);
    x = Conv("Conv2d_2a_3x3", x, 32, {3, 3, 1, false});
    x = Conv("Conv2d_2b_3x3", x, 64, k3x3);
    x = MaxPool(x);
    x = Conv("Conv2d_3b_1x1", x, 80, k1x1);
    x = Conv("Conv2d_4a_3x3", x, 192, {3, 3, 1, false});
    x = MaxPool(x);
    builder_.EndStage("stem");
    x = BlockA("Mixed_5b", x, 32);
    x = BlockA("Mixed_5c", x, 64);
    x = BlockA("Mixed_5d", x, 64);
    x = BlockB("Mixed_6a", x);
    x = BlockC("Mixed_6b", x, 128);
    x = BlockC("Mixed_6c", x, 160);
    x = BlockC("Mixed_6d", x, 160);
    x = BlockC("Mixed_6e", x, 192);
    x = BlockD("Mixed_7a", x);
    x = BlockE("Mixed_7b", x);
    x = BlockE("Mixed_7c", x);
    builder_.EndFeatures();

    builder_.Append("", nn::AdaptiveAvgPool2d{1, 1});
    builder_.Append("", nn::Dropout{0.5});
    builder_.Append("", nn::Flatten{});
    builder_.Append("fc", nn::Linear{x.channels, 1000});
    builder_.EndStage("classifier");
    return builder_.Take();
  }

 private:
  // A convolution with its norm and activation.
  Map Conv(const std::string& name, const Map& in, int out, const Kernel& kernel) {
    builder_.Append(name + ".conv",
                    nn::Conv2d{.in_channels = in.channels,
                               .out_channels = out,
                               .kernel = kernel.height,
                               .stride = kernel.stride,
                               .padding = kernel.padded ? kernel.height / 2 : 0,
                               .bias = false,
                               .kernel_width = kernel.width == kernel.height ? 0 : kernel.width,
                               .padding_width = kernel.padded ? kernel.width / 2 : 0},
                    {in.node});
    builder_.Append(name + ".bn", nn::BatchNorm2d{.channels = out, .epsilon = 1e-3});
    return {builder_.Append("", nn::Activation{nn::ActivationKind::kRelu}), out};
  }

  Map MaxPool(const Map& in) {
    return {builder_.Append("", nn::MaxPool2d{.kernel = 3, .stride = 2}, {in.node}), in.channels};
  }

  // The branch that averages first.
  Map Averaged(const std::string& block, const Map& in, int out) {
    const int pooled =
        builder_.Append("", nn::AvgPool2d{.kernel = 3, .stride = 1, .padding = 1}, {in.node});
    return Conv(block + ".branch_pool", {pooled, in.channels}, out, k1x1);
  }

  struct Step {
    int channels;
    Kernel kernel;
  };
  // Convolutions one behind the other: BLOCK.BRANCH_1, _2, ...
  Map Chain(const std::string& branch, Map x, const std::vector<Step>& steps) {
    int number = 1;
    for (const Step& step : steps) {
      x = Conv(absl::StrCat(branch, "_", number++), x, step.channels, step.kernel);
    }
    return x;
  }

  Map Joined(const std::vector<Map>& branches) {
    Map joined;
    std::vector<int> nodes;
    for (const Map& branch : branches) {
      nodes.push_back(branch.node);
      joined.channels += branch.channels;
    }
    joined.node = builder_.Append("", nn::ConcatChannels{}, std::move(nodes));
    return joined;
  }

  Map EndBlock(const std::string& block, const std::vector<Map>& branches) {
    const Map joined = Joined(branches);
    builder_.EndStage(block);
    return joined;
  }

  Map BlockA(const std::string& block, const Map& x, int pooled) {
    const Map narrow = Conv(block + ".branch1x1", x, 64, k1x1);
    const Map wide = Chain(block + ".branch5x5", x, {{48, k1x1}, {64, k5x5}});
    const Map twice = Chain(block + ".branch3x3dbl", x, {{64, k1x1}, {96, k3x3}, {96, k3x3}});
    return EndBlock(block, {narrow, wide, twice, Averaged(block, x, pooled)});
  }

  Map BlockB(const std::string& block, const Map& x) {
    const Map once = Conv(block + ".branch3x3", x, 384, k3x3Shrinking);
    const Map twice =
        Chain(block + ".branch3x3dbl", x, {{64, k1x1}, {96, k3x3}, {96, k3x3Shrinking}});
    return EndBlock(block, {once, twice, MaxPool(x)});
  }

  Map BlockC(const std::string& block, const Map& x, int inner) {
    const Map narrow = Conv(block + ".branch1x1", x, 192, k1x1);
    const Map once = Chain(block + ".branch7x7", x, {{inner, k1x1}, {inner, k1x7}, {192, k7x1}});
    const Map twice =
        Chain(block + ".branch7x7dbl", x,
              {{inner, k1x1}, {inner, k7x1}, {inner, k1x7}, {inner, k7x1}, {192, k1x7}});
    return EndBlock(block, {narrow, once, twice, Averaged(block, x, 192)});
  }

  Map BlockD(const std::string& block, const Map& x) {
    const Map narrow = Chain(block + ".branch3x3", x, {{192, k1x1}, {320, k3x3Shrinking}});
    const Map wide = Chain(block + ".branch7x7x3", x,
                           {{192, k1x1}, {192, k1x7}, {192, k7x1}, {192, k3x3Shrinking}});
    return EndBlock(block, {narrow, wide, MaxPool(x)});
  }

  // Two convolutions of one input, side by side: NAMEa and NAMEb.
  Map Forked(const std::string& name, const Map& x) {
    const Map a = Conv(name + "a", x, 384, k1x3);
    const Map b = Conv(name + "b", x, 384, k3x1);
    return Joined({a, b});
  }

  Map BlockE(const std::string& block, const Map& x) {
    const Map narrow = Conv(block + ".branch1x1", x, 320, k1x1);
    const Map once = Forked(block + ".branch3x3_2", Chain(block + ".branch3x3", x, {{384, k1x1}}));
    const Map twice = Forked(block + ".branch3x3dbl_3",
                             Chain(block + ".branch3x3dbl", x, {{448, k1x1}, {384, k3x3}}));
    return EndBlock(block, {narrow, once, twice, Averaged(block, x, 192)});
  }

  nn::SpecBuilder builder_{"inception_v3", nn::Shape{3, 299, 299}};
};

}  // namespace

nn::NetworkSpec BuildInceptionV3() { return InceptionV3Builder().Build(); }

}  // namespace graft::backbones
