#include "tools/device_check/op_cases.h"

#include <type_traits>
#include <utility>
#include <variant>

namespace graft {
namespace {

using Cases = std::vector<OpCase>;
template <typename T>
using Of = std::type_identity<T>;

// What moves numbers about or takes one operation for each.
constexpr double kExact = 1e-6;
// What ends in sums of hundreds or thousands of products, in whatever order a device likes.
constexpr double kSums = 1e-4;
// How far the mean of what is drawn may lie from what is not, in a batch of the checks' size.
constexpr double kDrawn = 0.1;

OpInput Map(int channels = 32, int size = 28) {
  return {{.name = "map", .shape = {channels, size, size}}};
}
OpInput Tokens(int channels = 64) { return {{.name = "tokens", .shape = {50, channels}}}; }
OpInput Mask() { return {{.name = "mask", .shape = {50}, .optional = true}, InputFill::kMask}; }

Cases CasesOf(Of<nn::Conv2d>) {
  const nn::Conv2d plain{.in_channels = 32, .out_channels = 32, .kernel = 3, .padding = 1};
  nn::Conv2d same = plain;
  same.stride = 2;
  same.padding_mode = nn::Padding::kSame;
  same.padding = 0;
  same.bias = false;
  nn::Conv2d depthwise = plain;
  depthwise.groups = 32;
  return {{"Conv2d", plain, {Map()}, kSums},
          {"Conv2d, same padding, stride 2", same, {Map()}, kSums},
          {"Conv2d, depthwise", depthwise, {Map()}, kSums},
          {"Conv2d, patches of 8",
           nn::Conv2d{.in_channels = 3, .out_channels = 64, .kernel = 8, .stride = 8},
           {Map(3, 56)},
           kSums}};
}
Cases CasesOf(Of<nn::BatchNorm2d>) {
  return {{"BatchNorm2d", nn::BatchNorm2d{32}, {Map()}, kSums},
          {.name = "BatchNorm2d, batch statistics",
           .op = nn::BatchNorm2d{32},
           .inputs = {Map()},
           .tolerance = kSums,
           .batch_statistics = true}};
}
Cases CasesOf(Of<nn::LayerNorm>) { return {{"LayerNorm", nn::LayerNorm{64}, {Tokens()}, kSums}}; }
Cases CasesOf(Of<nn::Activation>) {
  const std::pair<const char*, nn::ActivationKind> kinds[] = {
      {"relu", nn::ActivationKind::kRelu},
      {"relu6", nn::ActivationKind::kRelu6},
      {"silu", nn::ActivationKind::kSilu},
      {"sigmoid", nn::ActivationKind::kSigmoid},
      {"gelu", nn::ActivationKind::kGelu},
      {"tanh", nn::ActivationKind::kTanh},
      {"hard sigmoid", nn::ActivationKind::kHardSigmoid},
      {"hard swish", nn::ActivationKind::kHardSwish}};
  Cases cases;
  for (const auto& [name, kind] : kinds) {
    cases.push_back({std::string("Activation, ") + name, nn::Activation{kind}, {Map()}, kExact});
  }
  return cases;
}
Cases CasesOf(Of<nn::Add>) {
  return {{"Add", nn::Add{}, {Map(), Map()}, kExact},
          {.name = "Add, stochastic depth",
           .op = nn::Add{.drop_path = 0.2},
           .inputs = {Map(4, 4), Map(4, 4)},
           .tolerance = kDrawn,
           .draws = true}};
}
Cases CasesOf(Of<nn::Multiply>) {
  return {{"Multiply", nn::Multiply{}, {Map(), {{.name = "gate", .shape = {32, 1, 1}}}}, kSums}};
}
Cases CasesOf(Of<nn::LayerScale>) {
  return {{"LayerScale", nn::LayerScale{.channels = 64}, {Tokens()}, kSums},
          {"LayerScale of a map", nn::LayerScale{.channels = 32, .of_map = true}, {Map()}, kSums}};
}
Cases CasesOf(Of<nn::Dropout>) {
  return {{.name = "Dropout",
           .op = nn::Dropout{0.5},
           .inputs = {Tokens()},
           .tolerance = kDrawn,
           .draws = true}};
}
Cases CasesOf(Of<nn::MaxPool2d>) {
  return {{"MaxPool2d", nn::MaxPool2d{.kernel = 3, .stride = 2, .padding = 1}, {Map()}, kExact},
          {"MaxPool2d, rounded up",
           nn::MaxPool2d{.kernel = 3, .stride = 2, .round_up = true},
           {Map()},
           kExact}};
}
Cases CasesOf(Of<nn::AvgPool2d>) { return {{"AvgPool2d", nn::AvgPool2d{2, 2}, {Map()}, kSums}}; }
Cases CasesOf(Of<nn::AdaptiveAvgPool2d>) {
  return {{"AdaptiveAvgPool2d", nn::AdaptiveAvgPool2d{1, 1}, {Map()}, kSums},
          {"AdaptiveAvgPool2d, uneven windows", nn::AdaptiveAvgPool2d{5, 3}, {Map()}, kSums}};
}
Cases CasesOf(Of<nn::TokenPool>) {
  return {{"TokenPool, mean", nn::TokenPool{nn::TokenPoolKind::kMean, 1}, {Tokens()}, kSums},
          {"TokenPool, mean with a mask",
           nn::TokenPool{nn::TokenPoolKind::kMean},
           {Tokens(), Mask()},
           kSums},
          {"TokenPool, first", nn::TokenPool{nn::TokenPoolKind::kFirst}, {Tokens()}, kExact},
          {"TokenPool, last", nn::TokenPool{nn::TokenPoolKind::kLast}, {Tokens()}, kExact},
          {"TokenPool, last with a mask",
           nn::TokenPool{nn::TokenPoolKind::kLast},
           {Tokens(), Mask()},
           kExact}};
}
Cases CasesOf(Of<nn::Flatten>) { return {{"Flatten", nn::Flatten{}, {Map()}, kExact}}; }
Cases CasesOf(Of<nn::MapToTokens>) { return {{"MapToTokens", nn::MapToTokens{}, {Map()}, kExact}}; }
Cases CasesOf(Of<nn::TokensToMap>) {
  return {{"TokensToMap",
           nn::TokensToMap{},
           {Tokens(), {{.name = "places", .shape = {3, 10, 5}}}},
           kExact}};
}
Cases CasesOf(Of<nn::ClassToken>) {
  return {{"ClassToken", nn::ClassToken{64}, {Tokens()}, kSums}};
}
Cases CasesOf(Of<nn::PositionEmbedding>) {
  return {{"PositionEmbedding", nn::PositionEmbedding{50, 64}, {Tokens()}, kSums}};
}
Cases CasesOf(Of<nn::ConcatChannels>) {
  return {{"ConcatChannels", nn::ConcatChannels{}, {Map(), Map()}, kExact}};
}
Cases CasesOf(Of<nn::Concat>) { return {{"Concat", nn::Concat{}, {Tokens(), Tokens(32)}, kExact}}; }
Cases CasesOf(Of<nn::Linear>) {
  return {{"Linear", nn::Linear{64, 256}, {Tokens()}, kSums},
          {"Linear, without bias", nn::Linear{64, 256, false}, {Tokens()}, kSums}};
}
Cases CasesOf(Of<nn::CosineLinear>) {
  return {{"CosineLinear", nn::CosineLinear{64, 100}, {Tokens()}, kSums}};
}
Cases CasesOf(Of<nn::Attention>) {
  const nn::Attention plain{.channels = 64, .heads = 4};
  nn::Attention causal = plain;
  causal.causal = true;
  return {{"Attention", plain, {Tokens(192)}, kSums},
          {"Attention, causal", causal, {Tokens(192)}, kSums},
          {"Attention with a mask", plain, {Tokens(192), Mask()}, kSums},
          {"Attention, causal with a mask", causal, {Tokens(192), Mask()}, kSums}};
}
Cases CasesOf(Of<nn::Embedding>) {
  return {{"Embedding",
           nn::Embedding{.count = 100, .channels = 64},
           {{{.name = "ids", .shape = {50}, .integers = true}, InputFill::kIds, 100}},
           kSums}};
}

template <typename... Ops>
Cases CasesOfAll(Of<std::variant<Ops...>>) {
  Cases all;
  const auto append = [&all](Cases cases) {
    for (OpCase& each : cases) all.push_back(std::move(each));
  };
  (append(CasesOf(Of<Ops>())), ...);
  return all;
}

}  // namespace

std::vector<OpCase> AllOpCases() { return CasesOfAll(Of<nn::Op>()); }

}  // namespace graft
