#ifndef GRAFT_CORE_BACKBONES_DENSENET_H_
#define GRAFT_CORE_BACKBONES_DENSENET_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// DenseNet of 121, 161, 169 or 201 layers (Huang et al. 2017) with torchvision's names: each layer
// reads what all layers of its block before it gave. Stages stem, block1 to block3 (each with the
// transition behind it) and block4 (with the last norm and its ReLU) give a feature map at 1/32, of
// 1,024, 2,208, 1,664 or 1,920 channels; behind them the classifier of 1,000 classes. `layers` must
// be one of the four.
nn::NetworkSpec BuildDenseNet(int layers);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_DENSENET_H_
