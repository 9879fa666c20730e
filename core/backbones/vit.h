#ifndef GRAFT_CORE_BACKBONES_VIT_H_
#define GRAFT_CORE_BACKBONES_VIT_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

// Channels, heads and blocks: 192, 3, 12; 384, 6, 12; 768, 12, 12; 1,024, 16, 24.
enum class ViTSize { kTiny, kSmall, kBase, kLarge };

// Vision transformer with patches of 16 pixels (Dosovitskiy et al. 2021; the small ones: Touvron et
// al. 2021) as timm's vit_tiny_patch16_224 to vit_large_patch16_224, with timm's names; torchvision
// and scripts/weights_naming.py say vit_b_16. Stages embed (patches, class token, positions),
// blocks.0 and so on, and top (the last block and the last norm) give tokens [197, channels], the
// class token first; behind them the classifier of 1,000 classes, which reads the class token.
//
// Takes 224 x 224 alone, the size that the positions were learnt at.
nn::NetworkSpec BuildViT(ViTSize size);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_VIT_H_
