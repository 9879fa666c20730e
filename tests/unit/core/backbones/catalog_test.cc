#include "core/backbones/catalog.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::backbones {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> FeatureStages(absl::string_view architecture) {
  const nn::NetworkSpec spec = BuildArchitecture(architecture).value();
  std::vector<std::string> names;
  for (int i = 0; i < spec.feature_stages; ++i) names.push_back(spec.stages[i].name);
  return names;
}

nn::Shape Features(absl::string_view architecture, int size) {
  const nn::NetworkSpec spec = BuildArchitecture(architecture).value();
  return nn::ShapeAfter(spec, spec.feature_stages, size, size).value();
}

TEST(CatalogTest, EveryArchitectureIsANetwork) {
  for (const Architecture& architecture : Architectures()) {
    const nn::NetworkSpec spec = BuildArchitecture(architecture.name).value();
    EXPECT_TRUE(nn::Validate(spec).ok()) << nn::Validate(spec);
    EXPECT_EQ(spec.architecture, architecture.name);
    EXPECT_GT(architecture.imagenet_top1, 0.5) << architecture.name;
    EXPECT_LT(architecture.imagenet_top1, 1) << architecture.name;
    EXPECT_EQ(spec.stages.back().name, "classifier");
  }
}

TEST(CatalogTest, AnUnknownNameIsAnsweredWithThoseThereAre) {
  EXPECT_THAT(std::string(BuildArchitecture("resnet19").status().message()),
              HasSubstr("resnet18, resnet34, resnet50"));
}

TEST(CatalogTest, StagesEndWhereBlocksDo) {
  EXPECT_THAT(FeatureStages("resnet50"),
              ElementsAre("stem", "layer1", "layer2", "layer3", "layer4"));
  EXPECT_THAT(FeatureStages("densenet121"),
              ElementsAre("stem", "block1", "block2", "block3", "block4"));
  EXPECT_THAT(FeatureStages("regnet_y_8gf"),
              ElementsAre("stem", "block1", "block2", "block3", "block4"));
  EXPECT_THAT(FeatureStages("squeezenet1_0"), ElementsAre("stem", "fires.0", "fires.1", "fires.2"));
  EXPECT_THAT(FeatureStages("inception_v3"),
              ElementsAre("stem", "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b",
                          "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c"));
  EXPECT_THAT(FeatureStages("mobilenet_v2"),
              ElementsAre("stem", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4",
                          "blocks.5", "top"));
  EXPECT_THAT(FeatureStages("mobilenet_v3_small"),
              ElementsAre("stem", "blocks.0", "blocks.1", "blocks.2", "top"));
  EXPECT_THAT(FeatureStages("tf_mobilenet_v1"),
              ElementsAre("stem", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4"));
  EXPECT_THAT(
      FeatureStages("vit_small_patch16_224"),
      ElementsAre("embed", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4", "blocks.5",
                  "blocks.6", "blocks.7", "blocks.8", "blocks.9", "blocks.10", "top"));
}

TEST(CatalogTest, FeaturesAreMapsOrTokens) {
  EXPECT_EQ(Features("resnet18", 224), (nn::Shape{512, 7, 7}));
  EXPECT_EQ(Features("resnet50", 224), (nn::Shape{2048, 7, 7}));
  EXPECT_EQ(Features("densenet161", 224), (nn::Shape{2208, 7, 7}));
  EXPECT_EQ(Features("regnet_y_400mf", 224), (nn::Shape{440, 7, 7}));
  EXPECT_EQ(Features("alexnet", 224), (nn::Shape{256, 6, 6}));
  EXPECT_EQ(Features("squeezenet1_1", 224), (nn::Shape{512, 13, 13}));
  EXPECT_EQ(Features("inception_v3", 299), (nn::Shape{2048, 8, 8}));
  EXPECT_EQ(Features("mobilenet_v2", 160), (nn::Shape{1280, 5, 5}));
  EXPECT_EQ(Features("mobilenet_v3_large", 224), (nn::Shape{960, 7, 7}));
  EXPECT_EQ(Features("tf_mobilenet_v2", 97), (nn::Shape{1280, 4, 4}));
  EXPECT_EQ(Features("vit_base_patch16_224", 224), (nn::Shape{197, 768}));
}

// As published: torchvision's and timm's tables, in multiply-adds.
TEST(CatalogTest, CostsAreThePublishedOnes) {
  const auto multiply_adds = [](absl::string_view name) {
    const nn::NetworkSpec spec = BuildArchitecture(name).value();
    const int stages = static_cast<int>(spec.stages.size());
    return static_cast<double>(nn::CountFlops(spec, 0, stages, 224, 224).value()) / 2e9;
  };
  EXPECT_NEAR(multiply_adds("resnet18"), 1.814, 0.001);
  EXPECT_NEAR(multiply_adds("resnet50"), 4.089, 0.001);
  EXPECT_NEAR(multiply_adds("resnet152"), 11.514, 0.001);
  EXPECT_NEAR(multiply_adds("resnext101_64x4d"), 15.46, 0.001);
  EXPECT_NEAR(multiply_adds("wide_resnet101_2"), 22.753, 0.001);
  EXPECT_NEAR(multiply_adds("mobilenet_v2"), 0.301, 0.001);
  EXPECT_NEAR(multiply_adds("mobilenet_v3_small"), 0.057, 0.001);
  EXPECT_NEAR(multiply_adds("mobilenet_v3_large"), 0.217, 0.001);
  EXPECT_NEAR(multiply_adds("densenet161"), 7.728, 0.001);
  EXPECT_NEAR(multiply_adds("regnet_x_32gf"), 31.736, 0.001);
  EXPECT_NEAR(multiply_adds("regnet_y_8gf"), 8.473, 0.001);
  EXPECT_NEAR(multiply_adds("alexnet"), 0.714, 0.001);
  EXPECT_NEAR(multiply_adds("squeezenet1_0"), 0.819, 0.001);
  EXPECT_NEAR(multiply_adds("vit_base_patch16_224"), 17.56, 0.05);
}

TEST(CatalogTest, InceptionCostsWhatIsPublishedOf299Pixels) {
  const nn::NetworkSpec spec = BuildArchitecture("inception_v3").value();
  const int stages = static_cast<int>(spec.stages.size());
  EXPECT_NEAR(static_cast<double>(nn::CountFlops(spec, 0, stages, 299, 299).value()) / 2e9, 5.713,
              0.001);
}

TEST(CatalogTest, AVisionTransformerSaysWhichSizeItTakes) {
  const nn::NetworkSpec spec = BuildArchitecture("vit_small_patch16_224").value();
  const absl::Status status = nn::InferShapes(spec, 256, 256).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("vit_small_patch16_224: node 3 (pos_embed) has learnt positions for "
                        "[197, 384] and gets [257, 384]"));
}

}  // namespace
}  // namespace graft::backbones
