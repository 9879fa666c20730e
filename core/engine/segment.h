#ifndef GRAFT_CORE_ENGINE_SEGMENT_H_
#define GRAFT_CORE_ENGINE_SEGMENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "core/model/activation_range.h"
#include "core/model/input_spec.h"
#include "core/nn/network_spec.h"

namespace graft::engine {

// A float32 tensor of a network in the host's memory, contiguous.
struct HostTensor {
  std::string name;  // state-dict name
  nn::Shape shape;
  const float* data = nullptr;
};

// A stretch of a network that is run as a whole: what an engine is made from. It may be the lower
// stages of a backbone that many models share, the changed stages of one model with its head, or a
// head alone.
struct Segment {
  // Of one stage (core/nn/segment_spec.h).
  nn::NetworkSpec spec;
  // One for each of the spec's parameters and statistics, in the order of nodes and slots.
  std::vector<HostTensor> tensors;
  std::shared_ptr<const void> keeps;  // what the tensors point into; may be null
  // Where the first input is a picture: what comes is pixels, uint8 [height, width, 3] in the order
  // of the spec's channels, and it belongs to the segment to scale and normalise them. Other inputs
  // come in the shape that the network reads, float32 or, where they are integers, int64.
  std::optional<model::InputSpec> pixels;
  // Of the layers that are to be computed in 8-bit integers by an engine that does so
  // (quantized_layers.h). Others pay no heed to them.
  std::vector<model::ActivationRange> ranges;

  // What one row brings of input `index`.
  uint64_t input_bytes(size_t index) const;
};

// Bytes of the tensors that a segment of this spec has.
uint64_t TensorBytes(const nn::NetworkSpec& spec);

// Whether `segment` is as its comments say. INVALID_ARGUMENT names what is missing.
absl::Status Validate(const Segment& segment);

// The most inputs that a segment has.
inline constexpr size_t kMaxInputs = 4;

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_SEGMENT_H_
