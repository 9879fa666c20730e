#include "core/backbones/vit.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

constexpr int kDepth = 12;
constexpr int kPatch = 16;
constexpr int kImage = 224;
constexpr int kTokens = 1 + (kImage / kPatch) * (kImage / kPatch);
constexpr double kEpsilon = 1e-6;

// Pre-norm: x + f(norm(x)), attention first.
void AppendBlock(const std::string& prefix, int channels, int heads, nn::SpecBuilder& builder) {
  const int input = builder.last();
  builder.Append(prefix + "norm1", nn::LayerNorm{channels, kEpsilon});
  builder.Append(prefix + "attn.qkv", nn::Linear{channels, 3 * channels});
  builder.Append("", nn::Attention{.channels = channels, .heads = heads});
  builder.Append(prefix + "attn.proj", nn::Linear{channels, channels});
  const int attended = builder.Append("", nn::Add{}, {builder.last(), input});
  builder.Append(prefix + "norm2", nn::LayerNorm{channels, kEpsilon});
  builder.Append(prefix + "mlp.fc1", nn::Linear{channels, 4 * channels});
  builder.Append("", nn::Activation{nn::ActivationKind::kGelu});
  builder.Append(prefix + "mlp.fc2", nn::Linear{4 * channels, channels});
  builder.Append("", nn::Add{}, {builder.last(), attended});
}

}  // namespace

nn::NetworkSpec BuildViT(ViTSize size) {
  const bool base = size == ViTSize::kBase;
  const int channels = base ? 768 : 384;
  nn::SpecBuilder builder(base ? "vit_base_patch16_224" : "vit_small_patch16_224",
                          nn::Shape{3, kImage, kImage});
  builder.Append(
      "patch_embed.proj",
      nn::Conv2d{.in_channels = 3, .out_channels = channels, .kernel = kPatch, .stride = kPatch});
  builder.Append("", nn::MapToTokens{});
  builder.Append("cls_token", nn::ClassToken{channels});
  builder.Append("pos_embed", nn::PositionEmbedding{kTokens, channels});
  builder.EndStage("embed");
  for (int block = 0; block < kDepth; ++block) {
    AppendBlock(absl::StrCat("blocks.", block, "."), channels, base ? 12 : 6, builder);
    if (block + 1 < kDepth) builder.EndStage(absl::StrCat("blocks.", block));
  }
  builder.Append("norm", nn::LayerNorm{channels, kEpsilon});
  builder.EndStage("top");
  builder.EndFeatures(/*prefix_tokens=*/1);

  builder.Append("", nn::TokenPool{nn::TokenPoolKind::kFirst});
  builder.Append("head", nn::Linear{channels, 1000});
  builder.EndStage("classifier");
  return builder.Take();
}

}  // namespace graft::backbones
