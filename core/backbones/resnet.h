#ifndef GRAFT_CORE_BACKBONES_RESNET_H_
#define GRAFT_CORE_BACKBONES_RESNET_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// ResNet of 18, 34 or 50 layers (He et al. 2016) as torchvision builds it: in a bottleneck the 3x3
// convolution has the stride. Stages stem (with the first max pool) and layer1 to layer4 give a
// feature map at 1/32, of 512 channels or 2,048; behind them the classifier of 1,000 classes.
// `layers` must be one of the three.
nn::NetworkSpec BuildResNet(int layers);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_RESNET_H_
