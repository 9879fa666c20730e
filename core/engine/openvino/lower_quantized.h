#ifndef GRAFT_CORE_ENGINE_OPENVINO_LOWER_QUANTIZED_H_
#define GRAFT_CORE_ENGINE_OPENVINO_LOWER_QUANTIZED_H_

#include <vector>

#include "core/engine/openvino/lowering.h"
#include "core/engine/quantized_weights.h"

namespace graft::engine {

// Layers in 8-bit integers, as OpenVINO's low-precision transformations look for them: what a layer
// reads goes through a FakeQuantize of 256 levels, and its weights are integers times a scale for
// each output channel.

// The tensors of a node as Slots() lists them; null for counters.
using OwnTensors = std::vector<const HostTensor*>;

// `x` in 256 steps from `low` to `high`: unsigned where low is 0.
Value QuantizedInput(const Value& x, float low, float high);

// A layer's weights with the norm behind it, where there is one.
QuantizedWeights WeightsOf(const OwnTensors& layer, const nn::BatchNorm2d* norm,
                           const OwnTensors& norm_tensors);

// `x`: a QuantizedInput.
Value LowerQuantized(const nn::Conv2d& conv, const QuantizedWeights& weights, const Value& x);
Value LowerQuantized(const nn::Linear& linear, const QuantizedWeights& weights, const Value& x);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_LOWER_QUANTIZED_H_
