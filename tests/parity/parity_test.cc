// graft's networks against torchvision's and timm's, with the same weights from a formula.

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "core/backbones/catalog.h"
#include "core/nn/network.h"
#include "tests/parity/formula_weights.h"

namespace graft {
namespace {

constexpr double kRelativeTolerance = 1e-4;

const nlohmann::json& Goldens() {
  static const nlohmann::json goldens = [] {
    std::ifstream file(GRAFT_GOLDENS);
    return nlohmann::json::parse(file);
  }();
  return goldens;
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Architecture& architecture : Architectures()) names.push_back(architecture.name);
  return names;
}

// Every step-th value of a tensor, as make_goldens.py takes them.
std::vector<double> Sample(const at::Tensor& tensor, int64_t count) {
  const at::Tensor flat = tensor.flatten();
  const int64_t step = std::max<int64_t>(1, flat.numel() / count);
  std::vector<double> values;
  for (int64_t i = 0; i < flat.numel() && static_cast<int64_t>(values.size()) < count; i += step) {
    values.push_back(flat[i].item<float>());
  }
  return values;
}

void ExpectClose(const std::vector<double>& ours, const nlohmann::json& theirs, double scale) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    EXPECT_NEAR(ours[i], theirs[i].get<double>(), kRelativeTolerance * scale) << "sample " << i;
  }
}

class ParityTest : public testing::TestWithParam<std::string> {};

TEST_P(ParityTest, ComputesWhatTheReferenceComputes) {
  ASSERT_TRUE(Goldens().contains(GetParam()));
  const nlohmann::json& golden = Goldens()[GetParam()];
  std::unique_ptr<Network> network = Network::Create(BuildArchitecture(GetParam()).value()).value();
  FillByFormula(*network);
  const int stages = network->num_stages();
  EXPECT_EQ(CountParameters(network->spec(), 0, stages), golden["parameters"].get<int64_t>());
  EXPECT_EQ(network->NamedTensors().size(), golden["tensors"].get<size_t>());

  const at::InferenceMode inference;
  const int64_t size = golden["size"].get<int64_t>();
  const std::vector<float> values = FormulaValues("input", 3 * size * size);
  const at::Tensor x = at::from_blob(const_cast<float*>(values.data()), {1, 3, size, size});
  const at::Tensor features = network->Forward(x, 0, network->spec().feature_stages);
  EXPECT_EQ(features.sizes().vec(), golden["features_shape"].get<std::vector<int64_t>>());
  ExpectClose(Sample(features, 24), golden["features"], golden["features_max"].get<double>());
  const at::Tensor logits = network->Forward(features, network->spec().feature_stages, stages);
  ExpectClose(Sample(logits, 24), golden["logits"], golden["logits_max"].get<double>());
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
