#include "core/nn/head.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/backbones/catalog.h"
#include "core/nn/network.h"
#include "core/nn/pooling.h"

namespace graft::nn {
namespace {

using Sizes = std::vector<int64_t>;

std::unique_ptr<Network> Make(const model::HeadSpec& head) {
  return Network::Create(BuildHead(head).value(), 1).value();
}

Sizes Forward(const model::HeadSpec& head, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  return Make(head)->Forward(x, 0, 1).sizes().vec();
}

model::HeadSpec OfTokens(model::Pooling pooling) {
  return {.features = {.channels = 6, .tokens = 5, .prefix_tokens = 1},
          .outputs = 4,
          .pooling = pooling};
}

TEST(HeadTest, KindsHaveTheirNamesAndShapes) {
  model::HeadSpec spec{.features = {.channels = 6, .height = 2, .width = 3},
                       .hidden_units = 7,
                       .dropout = 0.5,
                       .outputs = 4};
  const Sizes logits = {5, 4};
  EXPECT_EQ(Forward(spec, at::ones({5, 6, 2, 3})), logits);
  EXPECT_EQ(Forward(spec, at::ones({5, 6})), logits);  // pooled already
  spec.kind = model::HeadKind::kMlp;
  EXPECT_EQ(Forward(spec, at::ones({5, 6, 2, 3})), logits);
  spec.kind = model::HeadKind::kArticle;
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
  for (const model::Pooling pooling :
       {model::Pooling::kMean, model::Pooling::kClassToken, model::Pooling::kLastToken}) {
    const model::HeadSpec head = OfTokens(pooling);
    const auto network = Make(head);
    EXPECT_TRUE(at::allclose(network->Forward(tokens, 0, 1),
                             network->Forward(PoolFeatures(head, tokens), 0, 1), 1e-5, 1e-6));
  }
  EXPECT_TRUE(
      at::equal(PoolFeatures(OfTokens(model::Pooling::kClassToken), tokens), tokens.select(1, 0)));
  EXPECT_TRUE(at::allclose(PoolFeatures(OfTokens(model::Pooling::kMean), tokens),
                           tokens.slice(1, 1).mean(1)));
  const model::HeadSpec of_map{.features = {.channels = 6, .height = 5, .width = 1}, .outputs = 4};
  const auto network = Make(of_map);
  EXPECT_TRUE(at::allclose(network->Forward(map, 0, 1),
                           network->Forward(PoolFeatures(of_map, map), 0, 1), 1e-5, 1e-6));
}

TEST(HeadTest, ReadsWhatABackboneGives) {
  for (const char* name : {"vit_small_patch16_224", "resnet18"}) {
    const NetworkSpec backbone = backbones::BuildArchitecture(name).value();
    const Shape shape = ShapeAfter(backbone, backbone.feature_stages, 224, 224).value();
    const model::FeatureMap features = FeatureMapOf(backbone, shape);
    EXPECT_EQ(ShapeOf(features), shape) << name;
    model::HeadSpec head{
        .features = features, .outputs = 3, .pooling = model::DefaultPooling(features)};
    EXPECT_TRUE(Validate(BuildHead(head).value()).ok()) << name;
  }
}

TEST(HeadTest, ACosineHeadHasAVectorAClassAndAScale) {
  model::HeadSpec head = OfTokens(model::Pooling::kClassToken);
  head.kind = model::HeadKind::kCosine;
  const auto named = Make(head)->NamedTensors();
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0].name, "head.weight");
  EXPECT_EQ(named[1].name, "head.scale");
  EXPECT_EQ(Forward(head, at::ones({2, 5, 6})), (Sizes{2, 4}));
}

// The formula of each kind, with its tensors by name.
TEST(HeadTest, GivesWhatItsFormulaSays) {
  const at::NoGradGuard no_grad;
  const at::Tensor map = at::sin(at::arange(2 * 6 * 2 * 3, at::kFloat)).view({2, 6, 2, 3});
  const at::Tensor pooled = map.mean({2, 3});
  model::HeadSpec head{.features = {.channels = 6, .height = 2, .width = 3},
                       .hidden_units = 7,
                       .dropout = 0.5,
                       .outputs = 4};
  const auto expect =
      [&](const std::function<at::Tensor(const std::vector<at::Tensor>&)>& formula) {
        const auto network = Make(head);
        std::vector<at::Tensor> own;
        for (const NamedTensor& named : network->NamedTensors()) own.push_back(named.tensor);
        EXPECT_TRUE(at::allclose(network->Forward(map, 0, 1), formula(own), 1e-5, 1e-6))
            << model::HeadKindName(head.kind);
      };
  expect([&](const auto& own) { return pooled.matmul(own[0].t()) + own[1]; });
  const auto hidden = [](const at::Tensor& x, const auto& own) {
    const at::Tensor h = at::relu(x.matmul(own[0].t()) + own[1]);
    return h.matmul(own[2].t()) + own[3];
  };
  head.kind = model::HeadKind::kMlp;
  expect([&](const auto& own) { return hidden(pooled, own); });
  head.kind = model::HeadKind::kArticle;
  expect([&](const auto& own) { return hidden(map.flatten(1), own); });
  head.kind = model::HeadKind::kCosine;
  expect([&](const auto& own) {
    const at::Tensor lengths = pooled.norm(2, 1, true).matmul(own[0].norm(2, 1, true).t());
    return own[1] * pooled.matmul(own[0].t()) / lengths;
  });
  head.kind = model::HeadKind::kLayers;
  head.layers = {
      {.kind = model::HeadLayerKind::kDense, .units = 9},
      {.kind = model::HeadLayerKind::kActivation, .activation = model::HeadActivation::kTanh},
      {.kind = model::HeadLayerKind::kDropout, .rate = 0.5}};
  expect([&](const auto& own) {
    return at::tanh(pooled.matmul(own[0].t()) + own[1]).matmul(own[2].t()) + own[3];
  });
  head.pooling = model::Pooling::kNone;
  head.layers = {
      {.kind = model::HeadLayerKind::kConv, .units = 3, .kernel = 1},
      {.kind = model::HeadLayerKind::kActivation, .activation = model::HeadActivation::kRelu},
      {.kind = model::HeadLayerKind::kPool}};
  expect([&](const auto& own) {
    const at::Tensor each =
        at::einsum("nchw,oc->nohw", {map, own[0].flatten(1)}) + own[1].view({1, 3, 1, 1});
    return at::relu(each).mean({2, 3}).matmul(own[2].t()) + own[3];
  });
}

// Features of several stages: each pooled, side by side, in the order of the taps.
TEST(HeadTest, TapsOfANetworkArePooledAndJoined) {
  const at::NoGradGuard no_grad;
  SpecBuilder builder("two_stages", {3, 8, 8});
  builder.Append("one", Conv2d{.in_channels = 3, .out_channels = 4, .kernel = 3, .padding = 1});
  builder.EndStage("low");
  builder.Append("two", Conv2d{.in_channels = 4, .out_channels = 6, .kernel = 3, .stride = 2});
  builder.EndStage("high");
  builder.EndFeatures();
  const NetworkSpec backbone = builder.Take();
  model::HeadSpec head{.outputs = 5, .taps = StageFeaturesOf(backbone, 8, 8).value()};
  ASSERT_EQ(head.taps.size(), 2u);
  EXPECT_EQ(head.taps[0], (model::StageFeatures{"low", {.channels = 4, .height = 8, .width = 8}}));
  EXPECT_EQ(head.taps[1].features.channels, 6);
  head.features = model::JoinedFeatures(head.taps);

  const auto network = Network::Create(backbone, 3).value();
  const at::Tensor x = at::sin(at::arange(2 * 3 * 64, at::kFloat)).view({2, 3, 8, 8});
  const auto nodes = TapNodes(head, backbone, 2).value();
  const at::Tensor joined = JoinTaps(head, network->ForwardTaps({x}, 0, 2, nodes));
  EXPECT_TRUE(at::equal(joined, at::cat({network->Forward(x, 0, 1).mean({2, 3}),
                                         network->Forward(x, 0, 2).mean({2, 3})},
                                        1)));
  const auto built = Make(head);
  const at::Tensor outputs = built->Forward(joined, 0, 1);
  EXPECT_TRUE(at::allclose(
      outputs, joined.matmul(built->NamedTensors()[0].tensor.t()) + built->NamedTensors()[1].tensor,
      1e-5, 1e-6));

  EXPECT_FALSE(TapNodes(head, backbone, 1).ok()) << "above the cut";
  head.taps[0].stage = "lowest";
  const auto status = TapNodes(head, backbone, 2).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("\"lowest\" is not a stage of two_stages"), std::string::npos);
}

TEST(HeadTest, TapsOfAVisionTransformerGiveTheirClassTokens) {
  const NetworkSpec backbone = backbones::BuildArchitecture("vit_small_patch16_224").value();
  model::HeadSpec head{.outputs = 3, .pooling = model::Pooling::kClassToken};
  const auto stages = StageFeaturesOf(backbone, 224, 224).value();
  for (const model::StageFeatures& stage : stages) {
    EXPECT_EQ(stage.features.prefix_tokens, 1) << stage.stage;
    if (stage.stage == "blocks.5" || stage.stage == "top") head.taps.push_back(stage);
  }
  ASSERT_EQ(head.taps.size(), 2u);
  head.features = model::JoinedFeatures(head.taps);
  ASSERT_TRUE(model::ValidateHeadSpec(head).ok()) << model::ValidateHeadSpec(head);
  const at::Tensor tokens = at::sin(at::arange(2 * 197 * 384, at::kFloat)).view({2, 197, 384});
  EXPECT_TRUE(at::equal(JoinTaps(head, {tokens, tokens * 2}),
                        at::cat({tokens.select(1, 0), tokens.select(1, 0) * 2}, 1)));
}

// The size that the description promises is the size that is built.
TEST(HeadTest, ListedLayersAreBuiltAsTheyAreCounted) {
  const model::HeadLayer conv{.kind = model::HeadLayerKind::kConv, .units = 3, .kernel = 3};
  const model::HeadLayer norm{.kind = model::HeadLayerKind::kNorm};
  const model::HeadLayer gelu{.kind = model::HeadLayerKind::kActivation,
                              .activation = model::HeadActivation::kGelu};
  const model::HeadLayer dropout{.kind = model::HeadLayerKind::kDropout, .rate = 0.25};
  const model::HeadLayer dense{.kind = model::HeadLayerKind::kDense, .units = 9};
  const model::HeadLayer pool{.kind = model::HeadLayerKind::kPool};
  const model::HeadLayer flatten{.kind = model::HeadLayerKind::kFlatten};
  model::HeadSpec head{
      .kind = model::HeadKind::kLayers, .outputs = 4, .pooling = model::Pooling::kNone};
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
  head.pooling = model::Pooling::kClassToken;
  head.layers = {dense, gelu};
  expect(at::ones({2, 5, 6}));
  expect(at::ones({2, 6}));
}

}  // namespace
}  // namespace graft::nn
