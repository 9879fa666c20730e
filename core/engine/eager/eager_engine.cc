#include "core/engine/eager/eager_engine.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "core/base/status_macros.h"
#include "core/engine/eager/segment_network.h"
#include "core/nn/torch_error.h"

namespace graft::engine {
namespace {

class EagerEngine final : public Engine {
 public:
  EagerEngine(std::unique_ptr<const SegmentNetwork> network, int max_rows)
      : network_(std::move(network)), max_rows_(max_rows) {}

  absl::string_view name() const override { return "libtorch"; }
  Precision precision() const override { return Precision::kF32; }
  int64_t outputs() const override { return network_->outputs(); }
  int rows_at_once() const override { return max_rows_; }
  uint64_t bytes() const override { return 0; }

  absl::Status Run(absl::Span<const Row> rows, float* out) const override {
    const auto nothing = [](absl::Span<const at::Tensor>, absl::Span<const at::Tensor>) {};
    return network_->Run(rows, static_cast<size_t>(max_rows_), {network_->last()}, nothing, out);
  }

 private:
  const std::unique_ptr<const SegmentNetwork> network_;
  const int max_rows_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> EagerEngineFactory::Make(
    std::shared_ptr<const Segment> segment, const EngineOptions& options) const {
  return nn::CatchTorchErrors("LibTorch", [&]() -> absl::StatusOr<std::unique_ptr<Engine>> {
    GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<const SegmentNetwork> network,
                           SegmentNetwork::Create(std::move(segment)));
    return std::make_unique<EagerEngine>(std::move(network), std::max(1, options.max_rows));
  });
}

}  // namespace graft::engine
