#include "core/backbones/catalog.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/backbones/efficientnet.h"
#include "core/backbones/mobilenet_v2.h"
#include "core/backbones/resnet.h"
#include "core/backbones/vgg.h"
#include "core/backbones/vit.h"

namespace graft::backbones {
namespace {

struct Row {
  Architecture architecture;
  std::function<nn::NetworkSpec()> build;
};

std::vector<Row> Rows() {
  std::vector<Row> rows;
  const auto vgg = [&](int layers, bool batch_norm, double top1) {
    rows.push_back({{absl::StrCat("vgg", layers, batch_norm ? "_bn" : ""), top1},
                    [=] { return BuildVgg(layers, batch_norm); }});
  };
  // Accuracies: torchvision's documentation of its IMAGENET1K_V1 weights.
  vgg(11, false, 0.69020);
  vgg(11, true, 0.70370);
  vgg(13, false, 0.69928);
  vgg(13, true, 0.71586);
  vgg(16, false, 0.71592);
  vgg(16, true, 0.73360);
  vgg(19, false, 0.72376);
  vgg(19, true, 0.74218);

  const auto lite = [&](int variant, double top1) {
    rows.push_back({{absl::StrCat("tf_efficientnet_lite", variant), top1},
                    [=] { return BuildEfficientNetLite(variant); }});
  };
  // Accuracies: the EfficientNet-Lite release notes, float models.
  lite(0, 0.751);
  lite(1, 0.767);
  lite(2, 0.776);
  lite(3, 0.798);
  lite(4, 0.815);

  const auto full = [&](int variant, double top1) {
    rows.push_back({{absl::StrCat("tf_efficientnet_b", variant), top1},
                    [=] { return BuildEfficientNet(variant); }});
  };
  // Accuracies: Tan & Le 2019, table 2.
  full(0, 0.771);
  full(1, 0.791);
  full(2, 0.801);
  full(3, 0.816);
  full(4, 0.829);
  full(5, 0.836);
  full(6, 0.840);
  full(7, 0.843);

  const auto resnet = [&](int layers, double top1) {
    rows.push_back({{absl::StrCat("resnet", layers), top1}, [=] { return BuildResNet(layers); }});
  };
  // Accuracies: torchvision's documentation of its IMAGENET1K_V1 weights.
  resnet(18, 0.69758);
  resnet(34, 0.73314);
  resnet(50, 0.76130);
  rows.push_back({{"mobilenet_v2", 0.71878},
                  [] { return BuildMobileNetV2(MobileNetV2Origin::kTorchvision); }});
  // Accuracy: Keras' documentation of its applications.
  rows.push_back(
      {{"tf_mobilenet_v2", 0.713}, [] { return BuildMobileNetV2(MobileNetV2Origin::kKeras); }});

  // Accuracies: timm's results for the augreg weights, trained on ImageNet-21k first.
  rows.push_back({{"vit_small_patch16_224", 0.814}, [] { return BuildViT(ViTSize::kSmall); }});
  rows.push_back({{"vit_base_patch16_224", 0.851}, [] { return BuildViT(ViTSize::kBase); }});
  return rows;
}

}  // namespace

std::vector<Architecture> Architectures() {
  std::vector<Architecture> architectures;
  for (Row& row : Rows()) architectures.push_back(std::move(row.architecture));
  return architectures;
}

absl::StatusOr<nn::NetworkSpec> BuildArchitecture(absl::string_view name) {
  std::vector<std::string> names;
  for (const Row& row : Rows()) {
    if (row.architecture.name == name) return row.build();
    names.push_back(row.architecture.name);
  }
  return absl::NotFoundError(
      absl::StrCat("no architecture '", name, "'; there are ", absl::StrJoin(names, ", ")));
}

}  // namespace graft::backbones
