#include "core/backbones/catalog.h"

#include <array>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/backbones/alexnet.h"
#include "core/backbones/convnext.h"
#include "core/backbones/densenet.h"
#include "core/backbones/efficientnet.h"
#include "core/backbones/inception_v3.h"
#include "core/backbones/mobilenet_v1.h"
#include "core/backbones/mobilenet_v2.h"
#include "core/backbones/mobilenet_v3.h"
#include "core/backbones/regnet.h"
#include "core/backbones/resnet.h"
#include "core/backbones/squeezenet.h"
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

  const auto resnet = [&](const ResNetShape& shape, double top1) {
    rows.push_back({{shape.name, top1}, [=] { return BuildResNet(shape); }});
  };
  // Accuracies, here and down to RegNet: torchvision's documentation of its IMAGENET1K_V1 weights.
  constexpr std::array<int, 4> k50 = {3, 4, 6, 3};
  constexpr std::array<int, 4> k101 = {3, 4, 23, 3};
  resnet({"resnet18", {2, 2, 2, 2}}, 0.69758);
  resnet({"resnet34", k50}, 0.73314);
  resnet({"resnet50", k50, true}, 0.76130);
  resnet({"resnet101", k101, true}, 0.77374);
  resnet({"resnet152", {3, 8, 36, 3}, true}, 0.78312);
  resnet({"resnext50_32x4d", k50, true, 32, 4}, 0.77618);
  resnet({"resnext101_32x8d", k101, true, 32, 8}, 0.79312);
  resnet({"resnext101_64x4d", k101, true, 64, 4}, 0.83246);
  resnet({"wide_resnet50_2", k50, true, 1, 128}, 0.78468);
  resnet({"wide_resnet101_2", k101, true, 1, 128}, 0.78848);

  const auto densenet = [&](int layers, double top1) {
    rows.push_back(
        {{absl::StrCat("densenet", layers), top1}, [=] { return BuildDenseNet(layers); }});
  };
  densenet(121, 0.74434);
  densenet(161, 0.77138);
  densenet(169, 0.75600);
  densenet(201, 0.76896);
  rows.push_back({{"alexnet", 0.56522}, [] { return BuildAlexNet(); }});
  rows.push_back(
      {{"squeezenet1_0", 0.58092}, [] { return BuildSqueezeNet(SqueezeNetVersion::k1_0); }});
  rows.push_back(
      {{"squeezenet1_1", 0.58178}, [] { return BuildSqueezeNet(SqueezeNetVersion::k1_1); }});
  rows.push_back(
      {{"mobilenet_v3_small", 0.67668}, [] { return BuildMobileNetV3(MobileNetV3Size::kSmall); }});
  rows.push_back(
      {{"mobilenet_v3_large", 0.74042}, [] { return BuildMobileNetV3(MobileNetV3Size::kLarge); }});
  rows.push_back({{"convnext_tiny", 0.82520}, [] { return BuildConvNeXt(ConvNeXtSize::kTiny); }});
  rows.push_back({{"convnext_small", 0.83616}, [] { return BuildConvNeXt(ConvNeXtSize::kSmall); }});
  rows.push_back({{"convnext_base", 0.84062}, [] { return BuildConvNeXt(ConvNeXtSize::kBase); }});
  rows.push_back({{"convnext_large", 0.84414}, [] { return BuildConvNeXt(ConvNeXtSize::kLarge); }});

  rows.push_back({{"inception_v3", 0.77294}, [] { return BuildInceptionV3(); }});

  const auto regnet = [&](const RegNetShape& shape, double top1) {
    rows.push_back({{shape.name, top1}, [=] { return BuildRegNet(shape); }});
  };
  regnet({"regnet_x_400mf", {32, 64, 160, 400}, {1, 2, 7, 12}, 16}, 0.72834);
  regnet({"regnet_x_800mf", {64, 128, 288, 672}, {1, 3, 7, 5}, 16}, 0.75212);
  regnet({"regnet_x_1_6gf", {72, 168, 408, 912}, {2, 4, 10, 2}, 24}, 0.77040);
  regnet({"regnet_x_3_2gf", {96, 192, 432, 1008}, {2, 6, 15, 2}, 48}, 0.78364);
  regnet({"regnet_x_8gf", {80, 240, 720, 1920}, {2, 5, 15, 1}, 120}, 0.79344);
  regnet({"regnet_x_16gf", {256, 512, 896, 2048}, {2, 6, 13, 1}, 128}, 0.80058);
  regnet({"regnet_x_32gf", {336, 672, 1344, 2520}, {2, 7, 13, 1}, 168}, 0.80622);
  regnet({"regnet_y_400mf", {48, 104, 208, 440}, {1, 3, 6, 6}, 8, true}, 0.74046);
  regnet({"regnet_y_800mf", {64, 144, 320, 784}, {1, 3, 8, 2}, 16, true}, 0.76420);
  regnet({"regnet_y_1_6gf", {48, 120, 336, 888}, {2, 6, 17, 2}, 24, true}, 0.77950);
  regnet({"regnet_y_3_2gf", {72, 216, 576, 1512}, {2, 5, 13, 1}, 24, true}, 0.78948);
  regnet({"regnet_y_8gf", {224, 448, 896, 2016}, {2, 4, 10, 1}, 56, true}, 0.80032);
  regnet({"regnet_y_16gf", {224, 448, 1232, 3024}, {2, 4, 11, 1}, 112, true}, 0.80424);
  regnet({"regnet_y_32gf", {232, 696, 1392, 3712}, {2, 5, 12, 1}, 232, true}, 0.80878);
  rows.push_back({{"mobilenet_v2", 0.71878},
                  [] { return BuildMobileNetV2(MobileNetV2Origin::kTorchvision); }});
  // Accuracies: Keras' documentation of its applications.
  rows.push_back({{"tf_mobilenet_v1", 0.704}, [] { return BuildMobileNetV1(); }});
  rows.push_back(
      {{"tf_mobilenet_v2", 0.713}, [] { return BuildMobileNetV2(MobileNetV2Origin::kKeras); }});

  // Accuracies: timm's results for the augreg weights, trained on ImageNet-21k first.
  rows.push_back({{"vit_tiny_patch16_224", 0.755}, [] { return BuildViT(ViTSize::kTiny); }});
  rows.push_back({{"vit_small_patch16_224", 0.814}, [] { return BuildViT(ViTSize::kSmall); }});
  rows.push_back({{"vit_base_patch16_224", 0.851}, [] { return BuildViT(ViTSize::kBase); }});
  rows.push_back({{"vit_large_patch16_224", 0.858}, [] { return BuildViT(ViTSize::kLarge); }});
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
