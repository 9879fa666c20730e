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

Cases CasesOf(Of<Conv2d>) {
  const Conv2d plain{.in_channels = 32, .out_channels = 32, .kernel = 3, .padding = 1};
  Conv2d same = plain;
  same.stride = 2;
  same.padding_mode = Padding::kSame;
  same.padding = 0;
  same.bias = false;
  Conv2d depthwise = plain;
  depthwise.groups = 32;
  return {{"Conv2d", plain, {Map()}, kSums},
          {"Conv2d, same padding, stride 2", same, {Map()}, kSums},
          {"Conv2d, depthwise", depthwise, {Map()}, kSums},
          {"Conv2d, patches of 8",
           Conv2d{.in_channels = 3, .out_channels = 64, .kernel = 8, .stride = 8},
           {Map(3, 56)},
           kSums}};
}
Cases CasesOf(Of<BatchNorm2d>) {
  return {{"BatchNorm2d", BatchNorm2d{32}, {Map()}, kSums},
          {.name = "BatchNorm2d, batch statistics",
           .op = BatchNorm2d{32},
           .inputs = {Map()},
           .tolerance = kSums,
           .batch_statistics = true}};
}
Cases CasesOf(Of<LayerNorm>) { return {{"LayerNorm", LayerNorm{64}, {Tokens()}, kSums}}; }
Cases CasesOf(Of<Activation>) {
  const std::pair<const char*, ActivationKind> kinds[] = {
      {"relu", ActivationKind::kRelu}, {"relu6", ActivationKind::kRelu6},
      {"silu", ActivationKind::kSilu}, {"sigmoid", ActivationKind::kSigmoid},
      {"gelu", ActivationKind::kGelu}, {"tanh", ActivationKind::kTanh}};
  Cases cases;
  for (const auto& [name, kind] : kinds) {
    cases.push_back({std::string("Activation, ") + name, Activation{kind}, {Map()}, kExact});
  }
  return cases;
}
Cases CasesOf(Of<Add>) {
  return {{"Add", Add{}, {Map(), Map()}, kExact},
          {.name = "Add, stochastic depth",
           .op = Add{.drop_path = 0.2},
           .inputs = {Map(4, 4), Map(4, 4)},
           .tolerance = kDrawn,
           .draws = true}};
}
Cases CasesOf(Of<Multiply>) {
  return {{"Multiply", Multiply{}, {Map(), {{.name = "gate", .shape = {32, 1, 1}}}}, kSums}};
}
Cases CasesOf(Of<Dropout>) {
  return {{.name = "Dropout",
           .op = Dropout{0.5},
           .inputs = {Tokens()},
           .tolerance = kDrawn,
           .draws = true}};
}
Cases CasesOf(Of<MaxPool2d>) {
  return {{"MaxPool2d", MaxPool2d{.kernel = 3, .stride = 2, .padding = 1}, {Map()}, kExact}};
}
Cases CasesOf(Of<AdaptiveAvgPool2d>) {
  return {{"AdaptiveAvgPool2d", AdaptiveAvgPool2d{1, 1}, {Map()}, kSums},
          {"AdaptiveAvgPool2d, uneven windows", AdaptiveAvgPool2d{5, 3}, {Map()}, kSums}};
}
Cases CasesOf(Of<TokenPool>) {
  return {
      {"TokenPool, mean", TokenPool{TokenPoolKind::kMean, 1}, {Tokens()}, kSums},
      {"TokenPool, mean with a mask", TokenPool{TokenPoolKind::kMean}, {Tokens(), Mask()}, kSums},
      {"TokenPool, first", TokenPool{TokenPoolKind::kFirst}, {Tokens()}, kExact},
      {"TokenPool, last", TokenPool{TokenPoolKind::kLast}, {Tokens()}, kExact},
      {"TokenPool, last with a mask", TokenPool{TokenPoolKind::kLast}, {Tokens(), Mask()}, kExact}};
}
Cases CasesOf(Of<Flatten>) { return {{"Flatten", Flatten{}, {Map()}, kExact}}; }
Cases CasesOf(Of<MapToTokens>) { return {{"MapToTokens", MapToTokens{}, {Map()}, kExact}}; }
Cases CasesOf(Of<ClassToken>) { return {{"ClassToken", ClassToken{64}, {Tokens()}, kSums}}; }
Cases CasesOf(Of<PositionEmbedding>) {
  return {{"PositionEmbedding", PositionEmbedding{50, 64}, {Tokens()}, kSums}};
}
Cases CasesOf(Of<Concat>) { return {{"Concat", Concat{}, {Tokens(), Tokens(32)}, kExact}}; }
Cases CasesOf(Of<Linear>) {
  return {{"Linear", Linear{64, 256}, {Tokens()}, kSums},
          {"Linear, without bias", Linear{64, 256, false}, {Tokens()}, kSums}};
}
Cases CasesOf(Of<CosineLinear>) {
  return {{"CosineLinear", CosineLinear{64, 100}, {Tokens()}, kSums}};
}
Cases CasesOf(Of<Attention>) {
  const Attention plain{.channels = 64, .heads = 4};
  Attention causal = plain;
  causal.causal = true;
  return {{"Attention", plain, {Tokens(192)}, kSums},
          {"Attention, causal", causal, {Tokens(192)}, kSums},
          {"Attention with a mask", plain, {Tokens(192), Mask()}, kSums},
          {"Attention, causal with a mask", causal, {Tokens(192), Mask()}, kSums}};
}
Cases CasesOf(Of<Embedding>) {
  return {{"Embedding",
           Embedding{.count = 100, .channels = 64},
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

std::vector<OpCase> AllOpCases() { return CasesOfAll(Of<Op>()); }

}  // namespace graft
