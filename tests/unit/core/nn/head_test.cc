#include "core/nn/head.h"

#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/backbones/catalog.h"
#include "core/nn/network.h"
#include "core/nn/pooling.h"

namespace graft {
namespace {

using Sizes = std::vector<int64_t>;

std::unique_ptr<Network> Make(const HeadSpec& head) {
  return Network::Create(BuildHead(head).value(), 1).value();
}

Sizes Forward(const HeadSpec& head, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  return Make(head)->Forward(x, 0, 1).sizes().vec();
}

HeadSpec OfTokens(Pooling pooling) {
  return {.features = {.channels = 6, .tokens = 5, .prefix_tokens = 1},
          .outputs = 4,
          .pooling = pooling};
}

TEST(HeadTest, KindsHaveTheirNamesAndShapes) {
  HeadSpec spec{.features = {.channels = 6, .height = 2, .width = 3},
                .hidden_units = 7,
                .dropout = 0.5,
                .outputs = 4};
  const Sizes logits = {5, 4};
  EXPECT_EQ(Forward(spec, at::ones({5, 6, 2, 3})), logits);
  EXPECT_EQ(Forward(spec, at::ones({5, 6})), logits);  // pooled already
  spec.kind = HeadKind::kMlp;
  EXPECT_EQ(Forward(spec, at::ones({5, 6, 2, 3})), logits);
  spec.kind = HeadKind::kArticle;
  EXPECT_EQ(Forward(spec, at::ones({5, 6, 2, 3})), logits);
  const auto named = Make(spec)->NamedTensors();
  ASSERT_EQ(named.size(), 4u);
  EXPECT_EQ(named[0].name, "head.0.weight");
  EXPECT_EQ(named[0].tensor.sizes().vec(), (Sizes{7, 36}));
  EXPECT_EQ(named[2].name, "head.3.weight");
}

TEST(HeadTest, WhatIsPooledBeforeIsPooledOnce) {
  const at::NoGradGuard no_grad;
  const at::Tensor tokens = at::sin(at::arange(3 * 5 * 6, at::kFloat)).view({3, 5, 6});
  const at::Tensor map = tokens.view({3, 6, 5, 1});
  for (const Pooling pooling : {Pooling::kMean, Pooling::kClassToken, Pooling::kLastToken}) {
    const HeadSpec head = OfTokens(pooling);
    const auto network = Make(head);
    EXPECT_TRUE(at::allclose(network->Forward(tokens, 0, 1),
                             network->Forward(PoolFeatures(head, tokens), 0, 1), 1e-5, 1e-6));
  }
  EXPECT_TRUE(at::equal(PoolFeatures(OfTokens(Pooling::kClassToken), tokens), tokens.select(1, 0)));
  EXPECT_TRUE(
      at::allclose(PoolFeatures(OfTokens(Pooling::kMean), tokens), tokens.slice(1, 1).mean(1)));
  const HeadSpec of_map{.features = {.channels = 6, .height = 5, .width = 1}, .outputs = 4};
  const auto network = Make(of_map);
  EXPECT_TRUE(at::allclose(network->Forward(map, 0, 1),
                           network->Forward(PoolFeatures(of_map, map), 0, 1), 1e-5, 1e-6));
}

TEST(HeadTest, ReadsWhatABackboneGives) {
  for (const char* name : {"vit_small_patch16_224", "resnet18"}) {
    const NetworkSpec backbone = BuildArchitecture(name).value();
    const Shape shape = ShapeAfter(backbone, backbone.feature_stages, 224, 224).value();
    const FeatureMap features = FeatureMapOf(backbone, shape);
    EXPECT_EQ(ShapeOf(features), shape) << name;
    HeadSpec head{.features = features, .outputs = 3, .pooling = DefaultPooling(features)};
    EXPECT_TRUE(Validate(BuildHead(head).value()).ok()) << name;
  }
}

TEST(HeadTest, ACosineHeadHasAVectorAClassAndAScale) {
  HeadSpec head = OfTokens(Pooling::kClassToken);
  head.kind = HeadKind::kCosine;
  const auto named = Make(head)->NamedTensors();
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0].name, "head.weight");
  EXPECT_EQ(named[1].name, "head.scale");
  EXPECT_EQ(Forward(head, at::ones({2, 5, 6})), (Sizes{2, 4}));
}

// The size that the description promises is the size that is built.
TEST(HeadTest, ListedLayersAreBuiltAsTheyAreCounted) {
  const HeadLayer conv{.kind = HeadLayerKind::kConv, .units = 3, .kernel = 3};
  const HeadLayer norm{.kind = HeadLayerKind::kNorm};
  const HeadLayer gelu{.kind = HeadLayerKind::kActivation, .activation = HeadActivation::kGelu};
  const HeadLayer dropout{.kind = HeadLayerKind::kDropout, .rate = 0.25};
  const HeadLayer dense{.kind = HeadLayerKind::kDense, .units = 9};
  const HeadLayer pool{.kind = HeadLayerKind::kPool};
  const HeadLayer flatten{.kind = HeadLayerKind::kFlatten};
  HeadSpec head{.kind = HeadKind::kLayers, .outputs = 4, .pooling = Pooling::kNone};
  const auto expect = [&](const at::Tensor& x) {
    const NetworkSpec spec = BuildHead(head).value();
    ASSERT_TRUE(Validate(spec).ok()) << Validate(spec);
    EXPECT_EQ(CountParameters(spec, 0, 1), head.parameters());
    EXPECT_EQ(Forward(head, x), (Sizes{2, 4}));
    EXPECT_EQ(spec.nodes.back().name, "head." + std::to_string(head.layers.size()));
  };
  head.features = {.channels = 6, .height = 2, .width = 3};
  head.layers = {conv, norm, gelu, dropout, pool, dense, norm};
  expect(at::ones({2, 6, 2, 3}));
  head.layers = {conv, flatten, dense};
  expect(at::ones({2, 6, 2, 3}));
  head.features = {.channels = 6, .tokens = 5, .prefix_tokens = 1};
  head.layers = {norm, dense, gelu, pool};
  expect(at::ones({2, 5, 6}));
  head.pooling = Pooling::kClassToken;
  head.layers = {dense, gelu};
  expect(at::ones({2, 5, 6}));
  expect(at::ones({2, 6}));
}

}  // namespace
}  // namespace graft
