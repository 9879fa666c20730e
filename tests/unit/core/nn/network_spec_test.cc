#include "core/nn/network_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/tiny_network.h"

namespace graft::nn {
namespace {

using testing::HasSubstr;

TEST(NetworkSpecTest, TheTinyNetworkIsValid) {
  const NetworkSpec spec = TinyNetwork();
  EXPECT_TRUE(Validate(spec).ok());
  EXPECT_EQ(spec.FindStage("body"), 1);
  EXPECT_EQ(spec.FindStage("none"), -1);
}

TEST(NetworkSpecTest, CountsParametersAndFlopsByHand) {
  const NetworkSpec spec = TinyNetwork();
  // 3*4*9 weights and a norm of 2*4.
  EXPECT_EQ(CountParameters(spec, 0, 1), 108 + 8);
  // 4*4*9 + 4, a norm, 4*4 + 4.
  EXPECT_EQ(CountParameters(spec, 1, 2), 148 + 8 + 20);
  // 8x8 outputs of 4 channels, 27 multiply-adds each.
  EXPECT_EQ(CountFlops(spec, 0, 1, 16, 16).value(), 2 * 64 * 4 * 27);
}

TEST(NetworkSpecTest, SamePaddingRoundsUp) {
  const NetworkSpec spec = TinyNetwork();
  EXPECT_EQ(ShapeAfter(spec, 1, 17, 16).value(), (Shape{4, 9, 8}));
}

TEST(NetworkSpecTest, TapsAreNamedNodesAndTheEndsOfStages) {
  NetworkSpec spec = TinyNetwork();
  spec.taps = {{"norm", 4}};
  EXPECT_TRUE(Validate(spec).ok());
  EXPECT_EQ(spec.FindTap("norm"), 4);
  EXPECT_EQ(spec.FindTap("stem"), 2);
  EXPECT_EQ(spec.FindTap("classifier"), static_cast<int>(spec.nodes.size()) - 1);
  EXPECT_EQ(spec.FindTap("none"), -1);
}

TEST(NetworkSpecTest, ShapesOfTextFollowFromItsLength) {
  const NetworkSpec spec = TinyEncoder();
  EXPECT_TRUE(Validate(spec).ok());
  const auto shapes = InferShapes(spec, std::vector<Shape>{{5}, {5}});
  ASSERT_TRUE(shapes.ok()) << shapes.status();
  EXPECT_EQ((*shapes)[spec.FindTap("block")], (Shape{5, 8}));
  EXPECT_EQ(shapes->back(), (Shape{3}));
  EXPECT_THAT(std::string(InferShapes(spec, std::vector<Shape>{{5}, {4}}).status().message()),
              HasSubstr("a mask of 5 tokens"));
  EXPECT_THAT(std::string(InferShapes(spec, std::vector<Shape>{{5}}).status().message()),
              HasSubstr("takes 2 inputs and gets 1"));
}

struct BadCase {
  const char* name;
  void (*spoil)(NetworkSpec&);
  const char* message;
};

class BadSpecTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadSpecTest, IsRefusedByName) {
  NetworkSpec spec = TinyNetwork();
  GetParam().spoil(spec);
  const absl::Status status = Validate(spec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadSpecTest,
    testing::Values(
        BadCase{"Channels",
                [](NetworkSpec& s) { std::get<BatchNorm2d>(s.nodes[1].op).channels = 5; },
                "takes 5 channels and gets 4"},
        BadCase{"LaterInput", [](NetworkSpec& s) { s.nodes[1].inputs = {4}; },
                "does not come before"},
        BadCase{"AcrossStages",
                [](NetworkSpec& s) {
                  s.nodes[8].inputs = {7, 1};
                },
                "across the border"},
        BadCase{"StageGap", [](NetworkSpec& s) { s.stages[1].begin = 4; }, "does not begin"},
        BadCase{"Uncovered", [](NetworkSpec& s) { s.stages.pop_back(); }, "do not cover"},
        BadCase{"NoInput", [](NetworkSpec& s) { s.nodes[0].inputs.clear(); },
                "takes 1 input and gets 0"},
        BadCase{"NoSuchInput", [](NetworkSpec& s) { s.nodes[0].inputs = {InputNode(1)}; },
                "an input that the network does not have"},
        BadCase{"OptionalImage", [](NetworkSpec& s) { s.inputs[0].optional = true; },
                "cannot do without the optional input image"},
        BadCase{"NoInputs", [](NetworkSpec& s) { s.inputs.clear(); }, "no inputs"},
        BadCase{"SameName", [](NetworkSpec& s) { s.nodes[3].name = "stem"; },
                "has the name of another"},
        BadCase{"SameTap",
                [](NetworkSpec& s) {
                  s.taps = {{"body", 3}};
                },
                "named body"},
        BadCase{"TapNowhere",
                [](NetworkSpec& s) {
                  s.taps = {{"far", 99}};
                },
                "no node"},
        BadCase{"ImageInTheMiddle",
                [](NetworkSpec& s) {
                  s.nodes[8].inputs = {7, kNetworkInput};
                },
                "across the border"},
        BadCase{"Groups", [](NetworkSpec& s) { std::get<Conv2d>(s.nodes[0].op).groups = 2; },
                "make no convolution"},
        BadCase{"OneInputAdd", [](NetworkSpec& s) { s.nodes[9].inputs = {8}; },
                "takes 2 inputs and gets 1"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace graft::nn
