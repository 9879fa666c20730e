#ifndef GRAFT_CORE_BACKBONES_SQUEEZENET_H_
#define GRAFT_CORE_BACKBONES_SQUEEZENET_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

enum class SqueezeNetVersion { k1_0, k1_1 };

// SqueezeNet (Iandola et al. 2016) with torchvision's names, squeezenet1_0 and squeezenet1_1.
// Stages stem, fires.0 and fires.1 (what lies between two max pools) and fires.2 give a feature map
// of 512 channels at 1/16; behind them the classifier of 1,000 classes, a convolution before the
// pooling.
nn::NetworkSpec BuildSqueezeNet(SqueezeNetVersion version);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_SQUEEZENET_H_
