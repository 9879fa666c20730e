#ifndef GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_
#define GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/engine/engine.h"
#include "core/nn/network.h"

namespace graft::engine {

// A segment as LibTorch's network, whose tensors are the segment's own memory. Safe for concurrent
// use. c10::Error passes through Create.
class SegmentNetwork {
 public:
  // INVALID_ARGUMENT where the segment is not valid.
  static absl::StatusOr<std::unique_ptr<SegmentNetwork>> Create(
      std::shared_ptr<const Segment> segment);

  const Segment& segment() const { return *segment_; }
  int64_t outputs() const { return outputs_; }

  // The segment's last node.
  int last() const { return static_cast<int>(segment_->spec.nodes.size()) - 1; }

  // Called for each batch with its inputs, pixels normalised, and with what nodes give.
  using See = absl::FunctionRef<void(absl::Span<const at::Tensor> inputs,
                                     absl::Span<const at::Tensor> taps)>;

  // Engine::Run in batches of `at_once` rows. `taps` are the nodes that `see` is shown, and behind
  // them last().
  absl::Status Run(absl::Span<const Row> rows, size_t at_once, absl::Span<const int> taps, See see,
                   float* out) const;

 private:
  SegmentNetwork(std::shared_ptr<const Segment> segment, std::unique_ptr<const nn::Network> network,
                 int64_t outputs)
      : segment_(std::move(segment)), network_(std::move(network)), outputs_(outputs) {}

  std::vector<at::Tensor> InputsOf(absl::Span<const Row> rows) const;
  at::Tensor Gather(absl::Span<const Row> rows, size_t index) const;

  const std::shared_ptr<const Segment> segment_;
  const std::unique_ptr<const nn::Network> network_;
  const int64_t outputs_;
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_
