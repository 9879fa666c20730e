// graft's networks against torchvision's and timm's, with the same weights from a formula.

#include <memory>
#include <string>
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
  for (const Architecture& architecture : Architectures()) names.push_back(architecture.name);
  return names;
}

class ParityTest : public testing::TestWithParam<std::string> {};

TEST_P(ParityTest, ComputesWhatTheReferenceComputes) {
  ASSERT_TRUE(Goldens().contains(GetParam()));
  const nlohmann::json& golden = Goldens()[GetParam()];
  std::unique_ptr<Network> network = Network::Create(BuildArchitecture(GetParam()).value()).value();
  FillByFormula(*network);
  EXPECT_EQ(CountParameters(network->spec(), 0, network->num_stages()),
            golden["parameters"].get<int64_t>());
  EXPECT_EQ(network->NamedTensors().size(), golden["tensors"].get<size_t>());
  ExpectGolden(*network, golden);
}

TEST_P(ParityTest, ShapesAreInferredAsTheyComeOut) {
  const NetworkSpec spec = BuildArchitecture(GetParam()).value();
  const nlohmann::json& golden = Goldens()[GetParam()];
  const int size = golden["size"].get<int>();
  const Shape shape = ShapeAfter(spec, spec.feature_stages, size, size).value();
  EXPECT_EQ(golden["features_shape"].get<std::vector<int>>(),
            (std::vector<int>{1, shape.channels, shape.height, shape.width}));
}

INSTANTIATE_TEST_SUITE_P(All, ParityTest, testing::ValuesIn(Names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace graft
