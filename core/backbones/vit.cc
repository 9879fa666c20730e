#include "core/backbones/vit.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace graft::backbones {
namespace {

constexpr int kPatch = 16;
constexpr int kImage = 224;
constexpr int kTokens = 1 + (kImage / kPatch) * (kImage / kPatch);
constexpr double kEpsilon = 1e-6;

struct Shape {
  const char* name;
  int channels, heads, blocks;
};

Shape ShapeOf(ViTSize size) {
  switch (size) {
    case ViTSize::kTiny:
      return {"vit_tiny_patch16_224", 192, 3, 12};
    case ViTSize::kSmall:
      return {"vit_small_patch16_224", 384, 6, 12};
    case ViTSize::kLarge:
      return {"vit_large_patch16_224", 1024, 16, 24};
    case ViTSize::kBase:
      break;
  }
  return {"vit_base_patch16_224", 768, 12, 12};
}

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
  const Shape shape = ShapeOf(size);
  const int channels = shape.channels;
  nn::SpecBuilder builder(shape.name, nn::Shape{3, kImage, kImage});
  builder.Append(
      "patch_embed.proj",
      nn::Conv2d{.in_channels = 3, .out_channels = channels, .kernel = kPatch, .stride = kPatch});
  builder.Append("", nn::MapToTokens{});
  builder.Append("cls_token", nn::ClassToken{channels});
  builder.Append("pos_embed", nn::PositionEmbedding{kTokens, channels});
  builder.EndStage("embed");
  for (int block = 0; block < shape.blocks; ++block) {
    AppendBlock(absl::StrCat("blocks.", block, "."), channels, shape.heads, builder);
    if (block + 1 < shape.blocks) builder.EndStage(absl::StrCat("blocks.", block));
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
