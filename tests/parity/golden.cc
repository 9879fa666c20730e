#include "tests/parity/golden.h"

#include <algorithm>
#include <fstream>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/parity/formula_weights.h"

namespace graft {
namespace {

constexpr double kRelativeTolerance = 1e-4;

// `count` values of a tensor, evenly spaced, as make_goldens.py takes them.
std::vector<double> Sample(const at::Tensor& tensor, int64_t count) {
  const at::Tensor flat = tensor.flatten();
  const int64_t step = std::max<int64_t>(1, flat.numel() / count);
  std::vector<double> values;
  for (int64_t i = 0; i < flat.numel() && static_cast<int64_t>(values.size()) < count; i += step) {
    values.push_back(flat[i].item<float>());
  }
  return values;
}

void ExpectClose(const at::Tensor& ours, const nlohmann::json& theirs, double scale) {
  const std::vector<double> values = Sample(ours, static_cast<int64_t>(theirs.size()));
  ASSERT_EQ(values.size(), theirs.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], theirs[i].get<double>(), kRelativeTolerance * scale) << "sample " << i;
  }
}

}  // namespace

nlohmann::json ReadGoldens(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

void ExpectGolden(const Network& network, const nlohmann::json& golden) {
  const at::InferenceMode inference;
  const int64_t size = golden["size"].get<int64_t>();
  std::vector<float> values = FormulaValues("input", 3 * size * size);
  const at::Tensor x =
      at::from_blob(values.data(), {1, 3, size, size}) * golden.value("input_scale", 1.0);
  const int feature_stages = network.spec().feature_stages;
  const at::Tensor features = network.Forward(x, 0, feature_stages);
  EXPECT_EQ(features.sizes().vec(), golden["features_shape"].get<std::vector<int64_t>>());
  ExpectClose(features, golden["features"], golden["features_max"].get<double>());
  if (!golden.contains("logits")) return;
  const at::Tensor logits = network.Forward(features, feature_stages, network.num_stages());
  ExpectClose(logits, golden["logits"], golden["logits_max"].get<double>());
}

}  // namespace graft
