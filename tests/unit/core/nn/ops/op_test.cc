#include "core/nn/ops/op.h"

#include <string>
#include <variant>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/ops/one_op.h"

namespace graft::nn {
namespace {

struct OpCase {
  const char* name;
  Op op;
  std::vector<NetworkInput> inputs;
  Shape out;
  int64_t parameters;
  int64_t flops;
};

const NetworkInput kMap{.name = "map", .shape = {4, 6, 5}};
const NetworkInput kTokens{.name = "tokens", .shape = {7, 12}};

std::vector<OpCase> Cases() {
  return {
      {"Conv2d",
       Conv2d{.in_channels = 4,
              .out_channels = 8,
              .kernel = 3,
              .stride = 2,
              .padding = 1,
              .groups = 2},
       {kMap},
       Shape{8, 3, 3},
       8 * 2 * 9 + 8,
       2 * 8 * 9 * 2 * 9},
      {"Conv2dSame",
       Conv2d{.in_channels = 4,
              .out_channels = 2,
              .kernel = 3,
              .stride = 2,
              .padding_mode = Padding::kSame,
              .bias = false},
       {kMap},
       Shape{2, 3, 3},
       2 * 4 * 9,
       2 * 2 * 9 * 4 * 9},
      {"Conv2dNotSquare",
       Conv2d{.in_channels = 4,
              .out_channels = 2,
              .kernel = 1,
              .bias = false,
              .kernel_width = 5,
              .padding_width = 1},
       {kMap},
       Shape{2, 6, 3},
       2 * 4 * 5,
       2 * 2 * 18 * 4 * 5},
      {"BatchNorm2d", BatchNorm2d{.channels = 4}, {kMap}, kMap.shape, 8, 0},
      {"LayerNorm", LayerNorm{.features = 12}, {kTokens}, kTokens.shape, 24, 0},
      {"Activation", Activation{ActivationKind::kTanh}, {kTokens}, kTokens.shape, 0, 0},
      {"Add", Add{}, {kMap, kMap}, kMap.shape, 0, 0},
      {"Multiply", Multiply{}, {kMap, {.name = "gate", .shape = {4, 1, 1}}}, kMap.shape, 0, 0},
      {"LayerScale",
       LayerScale{.channels = 12, .suffix = "gamma"},
       {kTokens},
       kTokens.shape,
       12,
       0},
      {"LayerScaleOfMap", LayerScale{.channels = 4, .of_map = true}, {kMap}, kMap.shape, 4, 0},
      {"Dropout", Dropout{0.5}, {kTokens}, kTokens.shape, 0, 0},
      {"MaxPool2d",
       MaxPool2d{.kernel = 3, .stride = 2, .padding = 1},
       {kMap},
       Shape{4, 3, 3},
       0,
       0},
      // A third window begins within the six rows; a fourth would begin behind them.
      {"MaxPool2dRoundedUp",
       MaxPool2d{.kernel = 3, .stride = 2, .round_up = true},
       {kMap},
       Shape{4, 3, 2},
       0,
       0},
      {"AvgPool2d", AvgPool2d{2, 2}, {kMap}, Shape{4, 3, 2}, 0, 0},
      {"AvgPool2dPadded", AvgPool2d{3, 1, 1}, {kMap}, kMap.shape, 0, 0},
      {"AdaptiveAvgPool2d", AdaptiveAvgPool2d{2, 1}, {kMap}, Shape{4, 2, 1}, 0, 0},
      {"TokenPool", TokenPool{TokenPoolKind::kMean, 1}, {kTokens}, Shape{12}, 0, 0},
      {"Flatten", Flatten{}, {kMap}, Shape{120}, 0, 0},
      {"MapToTokens", MapToTokens{}, {kMap}, Shape{30, 4}, 0, 0},
      {"TokensToMap",
       TokensToMap{},
       {{.name = "tokens", .shape = {30, 8}}, kMap},
       Shape{8, 6, 5},
       0,
       0},
      {"ConcatChannels",
       ConcatChannels{},
       {kMap, {.name = "more", .shape = {3, 6, 5}}},
       Shape{7, 6, 5},
       0,
       0},
      {"ClassToken", ClassToken{12}, {kTokens}, Shape{8, 12}, 12, 0},
      {"PositionEmbedding", PositionEmbedding{7, 12}, {kTokens}, kTokens.shape, 84, 0},
      {"Concat", Concat{}, {kTokens, {.name = "more", .shape = {7, 3}}}, Shape{7, 15}, 0, 0},
      {"Linear", Linear{12, 5}, {kTokens}, Shape{7, 5}, 65, 2 * 7 * 12 * 5},
      {"LinearWithoutBias", Linear{12, 5, false}, {kTokens}, Shape{7, 5}, 60, 2 * 7 * 12 * 5},
      {"CosineLinear", CosineLinear{12, 5}, {kTokens}, Shape{7, 5}, 61, 2 * 7 * 12 * 5},
      {"Attention",
       Attention{.channels = 4, .heads = 2},
       {kTokens},
       Shape{7, 4},
       0,
       2 * 2 * 7 * 7 * 4},
      {"Embedding",
       Embedding{.count = 9, .channels = 3},
       {{.name = "ids", .shape = {7}, .integers = true}},
       Shape{7, 3},
       27,
       0},
  };
}

class OpTest : public testing::TestWithParam<OpCase> {};

TEST_P(OpTest, TellsWhatItTakesAndGives) {
  const OpCase& c = GetParam();
  const NetworkSpec spec = OneOp(c.op, c.inputs);
  ASSERT_TRUE(Validate(spec).ok()) << Validate(spec);
  std::vector<Shape> shapes;
  for (const NetworkInput& input : c.inputs) shapes.push_back(input.shape);
  EXPECT_EQ(OutputShape(c.op, shapes).value(), c.out);
  EXPECT_EQ(CountParameters(spec, 0, 1), c.parameters);
  EXPECT_EQ(FlopsOf(c.op, shapes, c.out), c.flops);
}

TEST_P(OpTest, GivesWhatItTells) {
  const OpCase& c = GetParam();
  const std::unique_ptr<Network> network = OneOpNetwork(c.op, c.inputs);
  std::vector<at::Tensor> inputs;
  for (const NetworkInput& input : c.inputs) {
    std::vector<int64_t> sizes = input.shape.ToVector();
    sizes.insert(sizes.begin(), 2);
    inputs.push_back(input.integers ? at::ones(sizes, at::kLong) : at::ones(sizes));
  }
  std::vector<int64_t> expected = c.out.ToVector();
  expected.insert(expected.begin(), 2);
  EXPECT_EQ(RunOneOp(*network, inputs).sizes().vec(), expected);
}

INSTANTIATE_TEST_SUITE_P(All, OpTest, testing::ValuesIn(Cases()),
                         [](const auto& test) { return std::string(test.param.name); });

// An operation that nobody wrote a case for.
TEST(OpTableTest, EveryOperationHasACase) {
  std::vector<bool> seen(std::variant_size_v<Op>);
  for (const OpCase& c : Cases()) seen[c.op.index()] = true;
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "operation " << i;
}

TEST(OpTableTest, MatricesDecayAndVectorsDoNot) {
  for (const OpCase& c : Cases()) {
    for (const Slot& slot : SlotsOf(c.op)) {
      const bool matrix = std::string(slot.suffix) == "weight" && slot.shape.rank() > 1;
      EXPECT_EQ(slot.decays, matrix) << c.name << "." << slot.suffix;
    }
  }
}

struct BadOp {
  const char* name;
  Op op;
  std::vector<Shape> in;
  const char* message;
};

class BadOpTest : public testing::TestWithParam<BadOp> {};

TEST_P(BadOpTest, SaysWhatIsWrong) {
  absl::Status status = CheckOp(GetParam().op);
  if (status.ok()) status = OutputShape(GetParam().op, GetParam().in).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find(GetParam().message), std::string::npos) << status;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOpTest,
    testing::Values(
        BadOp{"Kernel",
              Conv2d{.in_channels = 1, .out_channels = 1, .kernel = 0},
              {},
              "no convolution"},
        BadOp{"TooSmall",
              Conv2d{.in_channels = 1, .out_channels = 1, .kernel = 5},
              {{1, 4, 9}},
              "smaller than its kernel"},
        BadOp{"ConvOfTokens",
              Conv2d{.in_channels = 4, .out_channels = 1},
              {{7, 4}},
              "takes [channels, height, width] and gets [7, 4]"},
        BadOp{"Window", MaxPool2d{.kernel = 2, .stride = 2, .padding = 2}, {}, "no pooling"},
        BadOp{"PoolOfTokens", MaxPool2d{}, {{7, 4}}, "takes [channels, height, width]"},
        BadOp{"Heads", Attention{.channels = 10, .heads = 3}, {}, "no attention"},
        BadOp{"Qkv", Attention{.channels = 4, .heads = 2}, {{7, 4}}, "takes 12 channels"},
        BadOp{"Mask", Attention{.channels = 4, .heads = 2}, {{7, 12}, {6}}, "a mask of 7 tokens"},
        BadOp{"Positions",
              PositionEmbedding{197, 8},
              {{257, 8}},
              "learnt positions for [197, 8] and gets [257, 8]"},
        BadOp{"SkipsAll", TokenPool{TokenPoolKind::kMean, 3}, {{3, 4}}, "skips all"},
        BadOp{"Unlike", Concat{}, {{7, 4}, {6, 4}}, "differ in more than the last dimension"},
        BadOp{"Gate", Multiply{}, {{4, 2, 2}, {4, 2, 2}}, "one value a channel"},
        BadOp{"Sum", Add{}, {{4}, {5}}, "adds different shapes: [4] and [5]"},
        BadOp{"Path", Add{.drop_path = 1}, {}, "drop_path"},
        BadOp{"Rate", Dropout{1}, {}, "probability"},
        BadOp{"Features", LayerNorm{.features = 4}, {{7, 5}}, "takes 4 channels"},
        BadOp{"Ids", Embedding{.count = 3, .channels = 2}, {{7, 4}}, "takes token ids"},
        BadOp{"Scale", CosineLinear{2, 2, 0}, {}, "scale"},
        BadOp{"NoOutputs", Linear{4, 0}, {}, "no linear layer"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace graft::nn
