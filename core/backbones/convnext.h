#ifndef GRAFT_CORE_BACKBONES_CONVNEXT_H_
#define GRAFT_CORE_BACKBONES_CONVNEXT_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

enum class ConvNeXtSize { kTiny, kSmall, kBase, kLarge };

// ConvNeXt (Liu et al. 2022) with torchvision's names, convnext_tiny to convnext_large. Stages stem
// and stage1 to stage4 (each but the first with the halving before it) give a feature map at 1/32,
// of 768, 768, 1,024 or 1,536 channels; behind them the classifier of 1,000 classes, which begins
// with a norm.
nn::NetworkSpec BuildConvNeXt(ConvNeXtSize size);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_CONVNEXT_H_
