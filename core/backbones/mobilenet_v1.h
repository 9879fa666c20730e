#ifndef GRAFT_CORE_BACKBONES_MOBILENET_V1_H_
#define GRAFT_CORE_BACKBONES_MOBILENET_V1_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// MobileNetV1 of width 1 (Howard et al. 2017) as Keras builds it, tf_mobilenet_v1: "SAME" padding,
// ReLU6, norms of epsilon 1e-3; the names are those of timm's mobilenetv1_100. Where a side is odd
// before a stride, Keras' own padding lies a pixel further to the right: of 224, 192, 160 and 128
// pixels, the sizes that it was trained for, all are even. Stages stem and blocks.0 to blocks.4
// give a feature map of 1,024 channels at 1/32; behind them the classifier of 1,000 classes.
nn::NetworkSpec BuildMobileNetV1();

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_MOBILENET_V1_H_
