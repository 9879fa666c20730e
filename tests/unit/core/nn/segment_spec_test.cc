#include "core/nn/segment_spec.h"

#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/backbones/catalog.h"
#include "core/nn/network.h"

namespace graft::nn {
namespace {

using ::testing::ElementsAre;

std::vector<Shape> Image() { return {{3, 64, 64}}; }

// A network of `spec` with another one's tensors by name.
std::unique_ptr<Network> WithTensorsOf(const NetworkSpec& spec, const Network& whole) {
  auto network = Network::CreateEmpty(spec).value();
  for (const NamedTensor& named : network->NamedTensors()) {
    for (const NamedTensor& of_whole : whole.NamedTensors()) {
      if (of_whole.name == named.name) {
        EXPECT_TRUE(network->SetTensor(named.name, of_whole.tensor).ok());
      }
    }
  }
  return network;
}

TEST(SegmentSpec, PartsOneAfterTheOtherGiveWhatTheWholeGives) {
  const at::NoGradGuard no_grad;
  const NetworkSpec spec = backbones::BuildArchitecture("resnet18").value();
  const auto whole = Network::Create(spec, 1).value();
  const int stages = spec.feature_stages;
  const at::Tensor x = at::rand({2, 3, 64, 64});
  const at::Tensor expected = whole->Forward(x, 0, stages);
  for (int border = 1; border < stages; ++border) {
    const NetworkSpec lower = CutStages(spec, 0, border, Image()).value();
    const NetworkSpec upper = CutStages(spec, border, stages, Image()).value();
    EXPECT_TRUE(Validate(lower).ok()) << Validate(lower);
    EXPECT_TRUE(Validate(upper).ok()) << Validate(upper);
    EXPECT_EQ(upper.inputs[0].shape, ShapeAfter(spec, border, 64, 64).value());
    const at::Tensor between = WithTensorsOf(lower, *whole)->Forward(x, 0, 1);
    EXPECT_TRUE(at::equal(WithTensorsOf(upper, *whole)->Forward(between, 0, 1), expected));

    NetworkSpec joined = lower;
    AppendNodes(upper, 0, static_cast<int>(upper.nodes.size()), joined);
    EXPECT_TRUE(Validate(joined).ok()) << Validate(joined);
    EXPECT_TRUE(at::equal(WithTensorsOf(joined, *whole)->Forward(x, 0, 1), expected));
  }
  EXPECT_FALSE(CutStages(spec, 2, 2, Image()).ok());
  EXPECT_FALSE(CutStages(spec, 0, 99, Image()).ok());
}

TEST(SegmentSpec, ReadingsAreJoinedSideBySide) {
  const at::NoGradGuard no_grad;
  const NetworkSpec spec = backbones::BuildArchitecture("resnet18").value();
  const auto whole = Network::Create(spec, 1).value();
  const at::Tensor x = at::rand({2, 3, 64, 64});
  NetworkSpec segment = CutStages(spec, 0, 3, Image()).value();
  const std::vector<Op> pool = {AdaptiveAvgPool2d{1, 1}, Flatten{}};
  const std::vector<int> ends = {spec.stages[0].end - 1, spec.stages[2].end - 1};
  AppendJoined({{ends[0], pool}, {ends[1], pool}}, segment);
  ASSERT_TRUE(Validate(segment).ok()) << Validate(segment);
  const at::Tensor expected =
      at::cat({whole->Forward(x, 0, 1).mean({2, 3}), whole->Forward(x, 0, 3).mean({2, 3})}, 1);
  EXPECT_TRUE(at::allclose(WithTensorsOf(segment, *whole)->Forward(x, 0, 1), expected));

  // One reading alone is joined with nothing.
  NetworkSpec single = CutStages(spec, 0, 3, Image()).value();
  AppendJoined({{ends[1], pool}}, single);
  EXPECT_TRUE(at::allclose(WithTensorsOf(single, *whole)->Forward(x, 0, 1),
                           whole->Forward(x, 0, 3).mean({2, 3})));
}

// What lies beside the first input (a mask) is there in every part.
TEST(SegmentSpec, KeepsFurtherInputs) {
  SpecBuilder builder("masked", std::vector<NetworkInput>{{.name = "qkv", .shape = {5, 12}},
                                                          {.name = "mask", .shape = {5}}});
  builder.Append("", Activation{});
  builder.EndStage("first");
  builder.Append("", Attention{4, 2}, {0, InputNode(1)});
  builder.EndStage("second");
  builder.EndFeatures();
  const NetworkSpec spec = builder.Take();
  const NetworkSpec upper = CutStages(spec, 1, 2, std::vector<Shape>{{5, 12}, {5}}).value();
  ASSERT_TRUE(Validate(upper).ok()) << Validate(upper);
  EXPECT_THAT(upper.nodes[0].inputs, ElementsAre(kNetworkInput, InputNode(1)));
  EXPECT_EQ(upper.inputs[0].name, "first");
}

}  // namespace
}  // namespace graft::nn
