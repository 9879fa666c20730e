#include "tests/parity/formula_weights.h"

#include <cmath>
#include <cstdint>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace graft {

std::vector<float> FormulaValues(const std::string& name, int64_t count) {
  uint64_t seed = 0xCBF29CE484222325;
  for (const char c : name) seed = (seed ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t z = seed + (i + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z = z ^ (z >> 31);
    values[i] = static_cast<float>(z >> 40) / static_cast<float>(1 << 23) - 1.0f;
  }
  return values;
}

void FillByFormula(nn::Network& network) {
  const at::NoGradGuard no_grad;
  for (const nn::NamedTensor& named : network.NamedTensors()) {
    if (absl::EndsWith(named.name, "num_batches_tracked")) {
      ASSERT_TRUE(network.SetTensor(named.name, at::zeros({}, at::kLong)).ok());
      continue;
    }
    std::vector<float> values = FormulaValues(named.name, named.tensor.numel());
    at::Tensor tensor = at::from_blob(values.data(), named.tensor.sizes(), at::kFloat);
    if (absl::EndsWith(named.name, "layer_scale")) {
      tensor = 0.1f * tensor;
    } else if (named.tensor.dim() >= 2) {
      const int64_t fan_in = named.tensor.numel() / named.tensor.size(0);
      tensor = tensor * static_cast<float>(std::sqrt(6.0 / static_cast<double>(fan_in)));
    } else if (absl::EndsWith(named.name, "running_var")) {
      tensor = 1 + 0.2f * tensor;
    } else if (absl::EndsWith(named.name, "weight")) {
      tensor = 1 + 0.1f * tensor;
    } else {
      tensor = 0.1f * tensor;
    }
    ASSERT_TRUE(network.SetTensor(named.name, tensor).ok()) << named.name;
  }
}

}  // namespace graft
