// graft's networks against torchvision's and timm's, with the same weights from a formula.

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/backbones/catalog.h"
#include "core/nn/network.h"
#include "tests/parity/formula_weights.h"
#include "tests/parity/golden.h"

namespace graft {
namespace {

const nlohmann::json& Goldens() {
  static const nlohmann::json goldens = ReadGoldens(GRAFT_GOLDENS);
  return goldens;
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const backbones::Architecture& architecture : backbones::Architectures())
    names.push_back(architecture.name);
  return names;
}

// Without dropout, whose draws nobody can compare.
nn::NetworkSpec WithoutDropout(nn::NetworkSpec spec) {
  for (nn::Node& node : spec.nodes) {
    if (auto* dropout = std::get_if<nn::Dropout>(&node.op)) dropout->probability = 0;
  }
  return spec;
}

class ParityTest : public testing::TestWithParam<std::string> {};

TEST_P(ParityTest, ComputesWhatTheReferenceComputes) {
  ASSERT_TRUE(Goldens().contains(GetParam()));
  const nlohmann::json& golden = Goldens()[GetParam()];
  const std::unique_ptr<nn::Network> network =
      nn::Network::CreateEmpty(WithoutDropout(backbones::BuildArchitecture(GetParam()).value()))
          .value();
  FillByFormula(*network);
  EXPECT_EQ(nn::CountParameters(network->spec(), 0, network->num_stages()),
            golden["parameters"].get<int64_t>());
  EXPECT_EQ(network->NamedTensors().size(), golden["tensors"].get<size_t>());
  ExpectGolden(*network, golden);
  if (golden.contains("step")) ExpectStep(*network, golden);
}

TEST_P(ParityTest, ShapesAreInferredAsTheyComeOut) {
  const nn::NetworkSpec spec = backbones::BuildArchitecture(GetParam()).value();
  const nlohmann::json& golden = Goldens()[GetParam()];
  const int size = golden["size"].get<int>();
  std::vector<int64_t> shape =
      nn::ShapeAfter(spec, spec.feature_stages, size, size).value().ToVector();
  shape.insert(shape.begin(), 1);
  EXPECT_EQ(golden["features_shape"].get<std::vector<int64_t>>(), shape);
}

INSTANTIATE_TEST_SUITE_P(All, ParityTest, testing::ValuesIn(Names()),
                         [](const auto& test) { return test.param; });

// Every family takes a step of training in the goldens, and every kind of block in it.
TEST(GoldensTest, EveryFamilyIsTrained) {
  for (const char* name : {"vgg11",
                           "vgg11_bn",
                           "tf_efficientnet_lite0",
                           "tf_efficientnet_b0",
                           "resnet18",
                           "resnet34",
                           "resnet50",
                           "mobilenet_v2",
                           "tf_mobilenet_v2",
                           "vit_small_patch16_224",
                           "vit_base_patch16_224",
                           "resnext50_32x4d",
                           "densenet121",
                           "alexnet",
                           "squeezenet1_0",
                           "mobilenet_v3_small",
                           "convnext_tiny",
                           "tf_mobilenet_v1",
                           "inception_v3",
                           "regnet_x_400mf",
                           "regnet_y_400mf"}) {
    EXPECT_TRUE(Goldens()[name].contains("step")) << name;
  }
}

}  // namespace
}  // namespace graft
