#ifndef GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_
#define GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/engine/engine.h"
#include "core/nn/network.h"

namespace graft::engine {

// A segment as LibTorch's network, whose tensors are the segment's own memory. Safe for concurrent
// use. c10::Error passes through.
class SegmentNetwork {
 public:
  // INVALID_ARGUMENT where the segment is not valid.
  static absl::StatusOr<std::unique_ptr<SegmentNetwork>> Create(
      std::shared_ptr<const Segment> segment);

  const Segment& segment() const { return *segment_; }
  int64_t outputs() const { return outputs_; }

  // The rows' inputs as batches, pixels normalised.
  std::vector<at::Tensor> InputsOf(absl::Span<const Row> rows) const;

  // What nodes `taps` of the segment give for such inputs, in their order.
  std::vector<at::Tensor> Forward(absl::Span<const at::Tensor> inputs,
                                  absl::Span<const int> taps) const;

 private:
  SegmentNetwork(std::shared_ptr<const Segment> segment, std::unique_ptr<const nn::Network> network,
                 int64_t outputs)
      : segment_(std::move(segment)), network_(std::move(network)), outputs_(outputs) {}

  at::Tensor Gather(absl::Span<const Row> rows, size_t index) const;

  const std::shared_ptr<const Segment> segment_;
  const std::unique_ptr<const nn::Network> network_;
  const int64_t outputs_;
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_
