#ifndef GRAFT_CORE_BACKBONES_ALEXNET_H_
#define GRAFT_CORE_BACKBONES_ALEXNET_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// AlexNet in one column (Krizhevsky 2014) with torchvision's names. Stages block1 to block5, each
// up to and with its max pool where it has one, give a feature map of 256 channels at 1/32; behind
// them the classifier of 1,000 classes.
nn::NetworkSpec BuildAlexNet();

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_ALEXNET_H_
