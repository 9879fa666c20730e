// Every operation as OpenVINO runs it against LibTorch, alone in a network.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"
#include "tests/unit/core/engine/random_segment.h"

namespace graft::engine {
namespace {

struct OpCase {
  std::string name;
  nn::Op op;
  std::vector<nn::NetworkInput> inputs;
  // More nodes of the first input, for the operations that read several tensors of one shape.
  int copies = 1;
};

nn::NetworkInput Floats(nn::Shape shape) { return {.name = "x", .shape = shape}; }
nn::NetworkInput Ids(int64_t tokens) {
  return {.name = "ids", .shape = {tokens}, .integers = true};
}
nn::NetworkInput Mask(int64_t tokens) {
  return {.name = "mask", .shape = {tokens}, .integers = true};
}

std::vector<OpCase> Cases() {
  using nn::ActivationKind;
  using nn::TokenPoolKind;
  std::vector<OpCase> cases = {
      {"conv", nn::Conv2d{3, 8, 3, 1}, {Floats({3, 9, 11})}},
      {"conv_stride_padding",
       nn::Conv2d{3, 8, 5, 2, nn::Padding::kExplicit, 2},
       {Floats({3, 9, 11})}},
      {"conv_same", nn::Conv2d{3, 8, 3, 2, nn::Padding::kSame}, {Floats({3, 10, 11})}},
      {"conv_same_even_kernel", nn::Conv2d{3, 8, 4, 2, nn::Padding::kSame}, {Floats({3, 9, 9})}},
      {"conv_depthwise", nn::Conv2d{8, 8, 3, 1, nn::Padding::kExplicit, 1, 8}, {Floats({8, 7, 7})}},
      {"conv_grouped",
       nn::Conv2d{8, 12, 3, 1, nn::Padding::kSame, 0, 4, false},
       {Floats({8, 7, 7})}},
      {"conv_not_square",
       nn::Conv2d{
           .in_channels = 3, .out_channels = 8, .kernel = 1, .kernel_width = 7, .padding_width = 3},
       {Floats({3, 9, 11})}},
      {"conv_not_square_grouped",
       nn::Conv2d{.in_channels = 4,
                  .out_channels = 8,
                  .kernel = 3,
                  .padding = 1,
                  .groups = 2,
                  .kernel_width = 1},
       {Floats({4, 9, 11})}},
      {"conv_not_square_same",
       nn::Conv2d{.in_channels = 3,
                  .out_channels = 8,
                  .kernel = 2,
                  .stride = 2,
                  .padding_mode = nn::Padding::kSame,
                  .kernel_width = 5},
       {Floats({3, 9, 10})}},
      {"batch_norm", nn::BatchNorm2d{6, 1e-3}, {Floats({6, 5, 4})}},
      {"layer_norm_tokens", nn::LayerNorm{16, 1e-6}, {Floats({5, 16})}},
      {"layer_norm_vector", nn::LayerNorm{16}, {Floats({16})}},
      {"add", nn::Add{0.5}, {Floats({4, 3, 3})}, 2},
      {"multiply", nn::Multiply{}, {Floats({4, 3, 3}), Floats({4, 1, 1})}},
      {"dropout", nn::Dropout{0.5}, {Floats({7})}},
      {"max_pool", nn::MaxPool2d{2, 2}, {Floats({4, 7, 6})}},
      {"max_pool_padded", nn::MaxPool2d{3, 2, 1}, {Floats({4, 7, 7})}},
      {"max_pool_rounded_up",
       nn::MaxPool2d{.kernel = 3, .stride = 2, .round_up = true},
       {Floats({4, 8, 7})}},
      {"avg_pool", nn::AvgPool2d{2, 2}, {Floats({4, 7, 6})}},
      {"avg_pool_padded", nn::AvgPool2d{3, 1, 1}, {Floats({4, 7, 6})}},
      {"layer_scale", nn::LayerScale{.channels = 8}, {Floats({6, 8})}},
      {"layer_scale_of_map", nn::LayerScale{.channels = 4, .of_map = true}, {Floats({4, 3, 2})}},
      {"tokens_to_map", nn::TokensToMap{}, {Floats({6, 8}), Floats({4, 3, 2})}},
      {"concat_channels", nn::ConcatChannels{}, {Floats({4, 3, 2}), Floats({2, 3, 2})}},
      {"global_pool", nn::AdaptiveAvgPool2d{1, 1}, {Floats({4, 7, 5})}},
      {"adaptive_pool", nn::AdaptiveAvgPool2d{3, 2}, {Floats({4, 7, 5})}},
      {"adaptive_pool_of_its_size", nn::AdaptiveAvgPool2d{7, 5}, {Floats({4, 7, 5})}},
      {"global_pool_of_a_vector", nn::AdaptiveAvgPool2d{1, 1}, {Floats({4})}},
      {"token_mean", nn::TokenPool{TokenPoolKind::kMean, 2}, {Floats({6, 8})}},
      {"token_mean_masked", nn::TokenPool{TokenPoolKind::kMean, 1}, {Floats({6, 8}), Mask(6)}},
      {"token_first", nn::TokenPool{TokenPoolKind::kFirst}, {Floats({6, 8})}},
      {"token_last", nn::TokenPool{TokenPoolKind::kLast}, {Floats({6, 8})}},
      {"token_last_masked", nn::TokenPool{TokenPoolKind::kLast}, {Floats({6, 8}), Mask(6)}},
      {"flatten", nn::Flatten{}, {Floats({4, 3, 2})}},
      {"map_to_tokens", nn::MapToTokens{}, {Floats({4, 3, 2})}},
      {"class_token", nn::ClassToken{8}, {Floats({6, 8})}},
      {"position_embedding", nn::PositionEmbedding{6, 8}, {Floats({6, 8})}},
      {"concat", nn::Concat{}, {Floats({6, 8}), Floats({6, 3}), Floats({6, 2})}},
      {"linear", nn::Linear{16, 5}, {Floats({16})}},
      {"linear_tokens_no_bias", nn::Linear{16, 5, false}, {Floats({3, 16})}},
      {"cosine_linear", nn::CosineLinear{16, 5}, {Floats({16})}},
      {"attention", nn::Attention{16, 4}, {Floats({6, 48})}},
      {"attention_causal", nn::Attention{16, 2, true}, {Floats({6, 48})}},
      {"attention_masked", nn::Attention{16, 4}, {Floats({6, 48}), Mask(6)}},
      {"attention_causal_masked", nn::Attention{16, 2, true}, {Floats({6, 48}), Mask(6)}},
      {"embedding", nn::Embedding{11, 8}, {Ids(6)}},
  };
  for (const auto& [name, kind] :
       {std::pair("relu", ActivationKind::kRelu), std::pair("relu6", ActivationKind::kRelu6),
        std::pair("silu", ActivationKind::kSilu), std::pair("sigmoid", ActivationKind::kSigmoid),
        std::pair("gelu", ActivationKind::kGelu), std::pair("tanh", ActivationKind::kTanh),
        std::pair("hard_sigmoid", ActivationKind::kHardSigmoid),
        std::pair("hard_swish", ActivationKind::kHardSwish)}) {
    cases.push_back({name, nn::Activation{kind}, {Floats({4, 3, 3})}});
  }
  return cases;
}

nn::NetworkSpec SpecOf(const OpCase& test) {
  nn::SpecBuilder builder(test.name, test.inputs);
  std::vector<int> inputs;
  for (size_t i = 0; i < test.inputs.size(); ++i)
    inputs.push_back(nn::InputNode(static_cast<int>(i)));
  while (static_cast<int>(inputs.size()) < test.copies) inputs.push_back(nn::kNetworkInput);
  builder.Append("op", test.op, inputs);
  builder.EndStage("all");
  builder.EndFeatures();
  return builder.Take();
}

class LoweredOp : public ::testing::TestWithParam<OpCase> {};

TEST_P(LoweredOp, GivesWhatLibTorchGives) {
  const auto segment = MakeRandomSegment(SpecOf(GetParam()), 7);
  const RandomRows rows = MakeRandomRows(*segment, 5, 11);
  const auto eager = EagerEngineFactory().Make(segment, {.threads = 1});
  ASSERT_TRUE(eager.ok()) << eager.status();
  const auto lowered = OpenVinoEngineFactory().Make(segment, {.threads = 2});
  ASSERT_TRUE(lowered.ok()) << lowered.status();
  ASSERT_EQ((*lowered)->outputs(), (*eager)->outputs());
  for (const size_t count : {size_t{1}, size_t{5}}) {
    ExpectSameAnswers(**eager, **lowered, rows, count, 1e-5f);
  }
}

INSTANTIATE_TEST_SUITE_P(All, LoweredOp, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

TEST(LoweredOps, AreAllThereAre) {
  std::set<size_t> seen;
  for (const OpCase& test : Cases()) seen.insert(test.op.index());
  EXPECT_EQ(seen.size(), std::variant_size_v<nn::Op>);
}

}  // namespace
}  // namespace graft::engine
