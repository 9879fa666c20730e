#include "core/engine/quantized_weights.h"

#include <algorithm>
#include <cmath>

namespace graft::engine {
namespace {

constexpr float kLargest = 127;

}  // namespace

FoldedNorm FoldNorm(absl::Span<const float> weight, absl::Span<const float> bias,
                    absl::Span<const float> mean, absl::Span<const float> variance,
                    double epsilon) {
  FoldedNorm folded;
  for (size_t i = 0; i < weight.size(); ++i) {
    const double gain = weight[i] / std::sqrt(static_cast<double>(variance[i]) + epsilon);
    folded.gains.push_back(static_cast<float>(gain));
    folded.shifts.push_back(static_cast<float>(bias[i] - mean[i] * gain));
  }
  return folded;
}

QuantizedWeights QuantizeWeights(absl::Span<const float> weights, int64_t out_channels,
                                 absl::Span<const float> bias, const FoldedNorm* norm) {
  QuantizedWeights quantized;
  quantized.values.resize(weights.size());
  const size_t each = weights.size() / static_cast<size_t>(out_channels);
  for (size_t channel = 0; channel < static_cast<size_t>(out_channels); ++channel) {
    const float gain = norm == nullptr ? 1 : norm->gains[channel];
    const float shift = norm == nullptr ? 0 : norm->shifts[channel];
    const absl::Span<const float> from = weights.subspan(channel * each, each);
    float largest = 0;
    for (const float weight : from) largest = std::max(largest, std::abs(weight * gain));
    // A channel of zeros, or so near that its scale would be no number, stays 0 under any scale.
    const float scale = largest < 1e-30f ? 1 : largest / kLargest;
    for (size_t i = 0; i < each; ++i) {
      quantized.values[channel * each + i] =
          static_cast<int8_t>(std::clamp(std::round(from[i] * gain / scale), -kLargest, kLargest));
    }
    quantized.scales.push_back(scale);
    quantized.biases.push_back((bias.empty() ? 0 : bias[channel]) * gain + shift);
  }
  return quantized;
}

}  // namespace graft::engine
