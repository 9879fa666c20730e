#ifndef GRAFT_CORE_ENGINE_QUANTIZED_WEIGHTS_H_
#define GRAFT_CORE_ENGINE_QUANTIZED_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace graft::engine {

// What a batch norm does to a channel in evaluation: out = gain * in + shift.
struct FoldedNorm {
  std::vector<float> gains;
  std::vector<float> shifts;
};

// Of a norm's tensors, one number a channel each. Pure.
FoldedNorm FoldNorm(absl::Span<const float> weight, absl::Span<const float> bias,
                    absl::Span<const float> mean, absl::Span<const float> variance, double epsilon);

// A layer's weights in 8-bit integers: what it gives is scale * (values * in) + bias, with a scale
// and a bias of each output channel.
struct QuantizedWeights {
  std::vector<int8_t> values;  // -127 to 127, in the order of the weights
  std::vector<float> scales;
  std::vector<float> biases;
};

// `weights`: output channels first. `bias`: one an output channel, or none. `norm`: what follows
// the layer, or null. Each channel's largest weight becomes 127. Pure.
QuantizedWeights QuantizeWeights(absl::Span<const float> weights, int64_t out_channels,
                                 absl::Span<const float> bias, const FoldedNorm* norm);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_QUANTIZED_WEIGHTS_H_
