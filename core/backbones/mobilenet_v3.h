#ifndef GRAFT_CORE_BACKBONES_MOBILENET_V3_H_
#define GRAFT_CORE_BACKBONES_MOBILENET_V3_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

enum class MobileNetV3Size { kSmall, kLarge };

// MobileNetV3 (Howard et al. 2019) with torchvision's names, mobilenet_v3_small and
// mobilenet_v3_large. Stages stem, blocks.0 and so on (as many blocks each as have one resolution)
// and top (the last of them and the last 1x1 convolution) give a feature map at 1/32, of 576
// channels or 960; behind them the classifier of 1,000 classes.
nn::NetworkSpec BuildMobileNetV3(MobileNetV3Size size);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_MOBILENET_V3_H_
