#ifndef GRAFT_CORE_BACKBONES_RESNET_H_
#define GRAFT_CORE_BACKBONES_RESNET_H_

#include <array>
#include <string>

#include "core/nn/network_spec.h"

namespace graft::backbones {

// A residual network as torchvision builds it: in a bottleneck the 3x3 convolution has the stride.
// He et al. 2016; with groups ResNeXt (Xie et al. 2017), with a wider 3x3 convolution Wide ResNet
// (Zagoruyko & Komodakis 2016).
struct ResNetShape {
  std::string name;                // torchvision's: "resnet50"
  std::array<int, 4> blocks = {};  // of each layer
  bool bottleneck = false;
  int groups = 1;            // of a bottleneck's 3x3 convolution
  int width_per_group = 64;  // its channels a group, in the first layer
};

// Stages stem (with the first max pool) and layer1 to layer4 give a feature map at 1/32, of 512
// channels or 2,048; behind them the classifier of 1,000 classes.
nn::NetworkSpec BuildResNet(const ResNetShape& shape);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_RESNET_H_
