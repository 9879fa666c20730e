#ifndef GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_
#define GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_

#include <memory>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/engine/engine.h"
#include "core/nn/network.h"
#include "core/nn/pixels.h"
#include "core/nn/placement.h"

namespace graft::engine {

// A segment as LibTorch's network: on the host in float32 its tensors are the segment's own memory,
// elsewhere copies, channels last. Safe for concurrent use. c10::Error passes through, but from
// Run.
class SegmentNetwork {
 public:
  // INVALID_ARGUMENT where the segment is not valid.
  static absl::StatusOr<std::unique_ptr<SegmentNetwork>> Create(
      std::shared_ptr<const Segment> segment, nn::Placement placement = {});

  const Segment& segment() const { return *segment_; }
  const nn::Placement& placement() const { return network_->placement(); }
  int64_t outputs() const { return outputs_; }

  // The segment's last node.
  int last() const { return static_cast<int>(segment_->spec.nodes.size()) - 1; }

  // Called for each batch with its inputs, pixels normalised, and with what nodes give.
  using See = absl::FunctionRef<void(absl::Span<const at::Tensor> inputs,
                                     absl::Span<const at::Tensor> taps)>;

  // Engine::Run on the host in batches of `at_once` rows. `taps` are the nodes that `see` is shown,
  // and behind them last().
  absl::Status Run(absl::Span<const Row> rows, size_t at_once, absl::Span<const int> taps, See see,
                   float* out) const;

  // Memory for input `index` of so many rows as rows bring it; of these options but for the type.
  at::Tensor MakeInput(size_t index, int64_t rows, at::TensorOptions options) const;

  // Copies what the rows bring of input `index` to `to`, in the host's memory, from its first on.
  void Gather(absl::Span<const Row> rows, size_t index, const at::Tensor& to) const;

  // [rows, outputs()], float32, of inputs as MakeInput makes them, where the network is.
  at::Tensor Forward(std::vector<at::Tensor> inputs) const;

 private:
  SegmentNetwork(std::shared_ptr<const Segment> segment, std::unique_ptr<const nn::Network> network,
                 int64_t outputs);

  // Pixels as the network reads them.
  void Normalise(std::vector<at::Tensor>& inputs) const;

  const std::shared_ptr<const Segment> segment_;
  const std::unique_ptr<const nn::Network> network_;
  const int64_t outputs_;
  std::optional<nn::PixelNormalizer> normalizer_;  // where the first input is a picture
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_EAGER_SEGMENT_NETWORK_H_
