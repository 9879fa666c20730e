#ifndef GRAFT_CORE_BACKBONES_INCEPTION_V3_H_
#define GRAFT_CORE_BACKBONES_INCEPTION_V3_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// Inception v3 (Szegedy et al. 2016) as torchvision builds it, without its auxiliary head. Its
// published weights are TensorFlow's and want pixels from -1 to 1: torchvision's transform_input
// turns ImageNet's normalisation into that, here the input's own normalisation says it. Stages stem
// and Mixed_5b to Mixed_7c, torchvision's modules, give a feature map of 2,048 channels, 8x8 of 299
// pixels; behind them the classifier of 1,000 classes. Images have 75 pixels a side at least.
nn::NetworkSpec BuildInceptionV3();

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_INCEPTION_V3_H_
