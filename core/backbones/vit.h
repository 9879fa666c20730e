#ifndef GRAFT_CORE_BACKBONES_VIT_H_
#define GRAFT_CORE_BACKBONES_VIT_H_

#include "core/nn/network_spec.h"

namespace graft::backbones {

enum class ViTSize { kSmall, kBase };  // 384 channels and 6 heads; 768 and 12

// Vision transformer with patches of 16 pixels (Dosovitskiy et al. 2021; the small one: Touvron et
// al. 2021) as timm's vit_small_patch16_224 and vit_base_patch16_224, with timm's names;
// torchvision and scripts/weights_naming.py say vit_b_16. Stages embed (patches, class token,
// positions), blocks.0 to blocks.10, and top (blocks.11 and the last norm) give tokens [197,
// channels], the class token first; behind them the classifier of 1,000 classes, which reads the
// class token.
//
// Takes 224 x 224 alone, the size that the positions were learnt at.
nn::NetworkSpec BuildViT(ViTSize size);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_VIT_H_
