#ifndef GRAFT_CORE_BACKBONES_EFFICIENTNET_H_
#define GRAFT_CORE_BACKBONES_EFFICIENTNET_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// EfficientNet B0 to B7 (Tan & Le 2019) as timm's tf_efficientnet_bN: TensorFlow's "SAME" padding,
// BatchNorm epsilon 1e-3, SiLU, squeeze-and-excitation. `variant` is 0 to 7.
nn::NetworkSpec BuildEfficientNet(int variant);

// EfficientNet-Lite 0 to 4 as timm's tf_efficientnet_liteN: ReLU6, no squeeze-and-excitation, stem
// and last convolution not scaled. `variant` is 0 to 4.
//
// Both: stages stem, blocks.0 to blocks.5, and top (blocks.6 and the last 1x1 convolution), which
// give a feature map at 1/32; behind them the classifier of 1,000 classes.
nn::NetworkSpec BuildEfficientNetLite(int variant);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_EFFICIENTNET_H_
