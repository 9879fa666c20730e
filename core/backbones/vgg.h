#ifndef GRAFT_CORE_BACKBONES_VGG_H_
#define GRAFT_CORE_BACKBONES_VGG_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// VGG of 11, 13, 16 or 19 layers (Simonyan & Zisserman 2015, table 1), as torchvision builds it:
// features.N and classifier.N. Stages block1 to block5, each ending with its max pool, give a
// feature map of 512 channels at 1/32; behind them the classifier of 1,000 classes.
// `layers` must be one of the four.
nn::NetworkSpec BuildVgg(int layers, bool batch_norm);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_VGG_H_
