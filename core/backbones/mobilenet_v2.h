#ifndef GRAFT_CORE_BACKBONES_MOBILENET_V2_H_
#define GRAFT_CORE_BACKBONES_MOBILENET_V2_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// Whose weights it is to take: the networks differ in what weights do not show.
enum class MobileNetV2Origin {
  kTorchvision,
  kKeras,  // TensorFlow's "SAME" padding; norms of epsilon 1e-3 and (PyTorch's) momentum 0.001
};

// MobileNetV2 1.0 (Sandler et al. 2018) with torchvision's names. Stages stem, blocks.0 to blocks.5
// (the rows of the paper's table 2) and top (the last block and the last 1x1 convolution) give a
// feature map of 1,280 channels at 1/32; behind them the classifier of 1,000 classes.
nn::NetworkSpec BuildMobileNetV2(MobileNetV2Origin origin);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_MOBILENET_V2_H_
