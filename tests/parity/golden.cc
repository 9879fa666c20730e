#include "tests/parity/golden.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"

#include "tests/parity/formula_weights.h"

namespace graft {
namespace {

constexpr double kRelativeTolerance = 1e-4;
constexpr double kLearningRate = 0.01;
// Of a step in float64: the goldens have six digits, and gradients that are zero by the laws of
// norms are so to sixteen.
constexpr double kStepTolerance = 1e-5;
constexpr double kZero = 1e-10;

// `count` values of a tensor, evenly spaced, as make_goldens.py takes them.
std::vector<double> Sample(const at::Tensor& tensor, int64_t count) {
  const at::Tensor flat = tensor.detach().flatten();
  const int64_t step = std::max<int64_t>(1, flat.numel() / count);
  std::vector<double> values;
  for (int64_t i = 0; i < flat.numel() && static_cast<int64_t>(values.size()) < count; i += step) {
    values.push_back(flat[i].item<double>());
  }
  return values;
}

// `golden` is [norm, largest, two samples] of a tensor.
void ExpectDigest(const std::string& name, const at::Tensor& ours, const nlohmann::json& golden) {
  const double norm = golden[0].get<double>();
  const double largest = golden[1].get<double>();
  EXPECT_NEAR(ours.norm().item<double>(), norm, kStepTolerance * norm + kZero) << name;
  EXPECT_NEAR(ours.abs().max().item<double>(), largest, kStepTolerance * largest + kZero) << name;
  const std::vector<double> values = Sample(ours, 2);
  ASSERT_EQ(values.size() + 2, golden.size()) << name;
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], golden[i + 2].get<double>(), kStepTolerance * largest + kZero) << name;
  }
}

std::vector<nn::NamedTensor> SortedByName(const nn::Network& network) {
  std::vector<nn::NamedTensor> tensors = network.NamedTensors();
  std::sort(tensors.begin(), tensors.end(),
            [](const nn::NamedTensor& a, const nn::NamedTensor& b) { return a.name < b.name; });
  return tensors;
}

bool IsCounter(const nn::NamedTensor& named) {
  return absl::EndsWith(named.name, "num_batches_tracked");
}

}  // namespace

nlohmann::json ReadGoldens(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

at::Tensor FormulaImages(const std::string& name, int64_t count, int64_t size) {
  std::vector<float> values = FormulaValues(name, count * 3 * size * size);
  return at::from_blob(values.data(), {count, 3, size, size}).clone();
}

void ExpectSamples(const at::Tensor& ours, const nlohmann::json& theirs, double tolerance) {
  const std::vector<double> values = Sample(ours, static_cast<int64_t>(theirs.size()));
  ASSERT_EQ(values.size(), theirs.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], theirs[i].get<double>(), tolerance) << "sample " << i;
  }
}

void ExpectGolden(const nn::Network& network, const nlohmann::json& golden) {
  const at::InferenceMode inference;
  const at::Tensor x =
      FormulaImages("input", 1, golden["size"].get<int64_t>()) * golden.value("input_scale", 1.0);
  const int feature_stages = network.spec().feature_stages;
  const at::Tensor features = network.Forward(x, 0, feature_stages);
  EXPECT_EQ(features.sizes().vec(), golden["features_shape"].get<std::vector<int64_t>>());
  ExpectSamples(features, golden["features"],
                kRelativeTolerance * golden["features_max"].get<double>());
  if (!golden.contains("logits")) return;
  const at::Tensor logits = network.Forward(features, feature_stages, network.num_stages());
  ExpectSamples(logits, golden["logits"], kRelativeTolerance * golden["logits_max"].get<double>());
}

void ExpectStep(nn::Network& network, const nlohmann::json& golden) {
  const nlohmann::json& step = golden["step"];
  const auto images = step["images"].get<int64_t>();
  const at::Tensor x = FormulaImages("batch", images, step["size"].get<int64_t>());
  network.To({.dtype = at::kDouble});
  network.SetTrainableFrom(0);
  network.SetTraining(true, /*update_batch_norm=*/true);
  const at::Tensor labels = at::arange(images, at::kLong).mul(37).remainder(1000);
  const at::Tensor loss =
      at::cross_entropy_loss(network.Forward(x, 0, network.num_stages()), labels);
  EXPECT_NEAR(loss.item<double>(), step["loss"].get<double>(),
              kStepTolerance * step["loss"].get<double>());
  loss.backward();

  const at::NoGradGuard no_grad;
  size_t parameters = 0;
  size_t statistics = 0;
  for (nn::NamedTensor& named : SortedByName(network)) {
    if (named.is_parameter) {
      ASSERT_LT(parameters, step["gradients"].size());
      ASSERT_TRUE(named.tensor.grad().defined()) << named.name;
      ExpectDigest(named.name, named.tensor.grad(), step["gradients"][parameters++]);
      named.tensor.sub_(named.tensor.grad(), kLearningRate);
    } else if (IsCounter(named)) {
      EXPECT_EQ(named.tensor.item<int64_t>(), 1) << named.name;
    } else {
      ASSERT_LT(statistics, step["statistics"].size());
      ExpectDigest(named.name, named.tensor, step["statistics"][statistics++]);
    }
  }
  EXPECT_EQ(parameters, step["gradients"].size());
  EXPECT_EQ(statistics, step["statistics"].size());

  network.SetTraining(false);
  ExpectSamples(network.Forward(x.slice(0, 0, 1), 0, network.num_stages()), step["logits"],
                kStepTolerance * step["logits_max"].get<double>());
}

}  // namespace graft
