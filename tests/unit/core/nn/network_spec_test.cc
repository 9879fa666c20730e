#include "core/nn/network_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/tiny_network.h"

namespace graft {
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
        BadCase{"NoInput", [](NetworkSpec& s) { s.nodes[0].inputs.clear(); }, "has no input"},
        BadCase{"Groups", [](NetworkSpec& s) { std::get<Conv2d>(s.nodes[0].op).groups = 2; },
                "make no convolution"},
        BadCase{"OneInputAdd", [](NetworkSpec& s) { s.nodes[9].inputs = {8}; }, "two inputs"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace graft
