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
    EXPECT_GT(architecture.imagenet_top1, 0.6) << architecture.name;
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
  EXPECT_THAT(FeatureStages("mobilenet_v2"),
              ElementsAre("stem", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4",
                          "blocks.5", "top"));
  EXPECT_THAT(
      FeatureStages("vit_small_patch16_224"),
      ElementsAre("embed", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4", "blocks.5",
                  "blocks.6", "blocks.7", "blocks.8", "blocks.9", "blocks.10", "top"));
}

TEST(CatalogTest, FeaturesAreMapsOrTokens) {
  EXPECT_EQ(Features("resnet18", 224), (nn::Shape{512, 7, 7}));
  EXPECT_EQ(Features("resnet50", 224), (nn::Shape{2048, 7, 7}));
  EXPECT_EQ(Features("mobilenet_v2", 160), (nn::Shape{1280, 5, 5}));
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
  EXPECT_NEAR(multiply_adds("mobilenet_v2"), 0.301, 0.001);
  EXPECT_NEAR(multiply_adds("vit_base_patch16_224"), 17.56, 0.05);
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
