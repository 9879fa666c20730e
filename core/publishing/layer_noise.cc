#include "core/publishing/layer_noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace graft::publishing {

double NoiseOf(const std::vector<std::vector<float>>& exact,
               const std::vector<std::vector<float>>& noisy) {
  if (exact.empty()) return 0;
  double difference = 0;
  double variance = 0;
  for (size_t i = 0; i < exact.front().size(); ++i) {
    double mean = 0;
    for (const std::vector<float>& row : exact) mean += row[i];
    mean /= static_cast<double>(exact.size());
    for (size_t row = 0; row < exact.size(); ++row) {
      const double off = static_cast<double>(noisy[row][i]) - exact[row][i];
      difference += off * off;
      variance += (exact[row][i] - mean) * (exact[row][i] - mean);
    }
  }
  if (difference == 0) return 0;
  const double noise = difference / variance;
  return std::isfinite(noise) ? noise : std::numeric_limits<double>::infinity();
}

std::vector<size_t> QuietLayers(double all, absl::Span<const double> brought, double limit) {
  std::vector<size_t> layers(brought.size());
  std::iota(layers.begin(), layers.end(), size_t{0});
  std::stable_sort(layers.begin(), layers.end(),
                   [&](size_t a, size_t b) { return brought[a] < brought[b]; });
  double left = all;
  while (!layers.empty() && !(left <= limit)) {
    left -= brought[layers.back()];
    layers.pop_back();
  }
  std::sort(layers.begin(), layers.end());
  return layers;
}

}  // namespace graft::publishing
