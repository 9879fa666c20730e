#include "core/engine/eager/eager_engine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "core/base/status_macros.h"
#include "core/engine/eager/segment_network.h"
#include "core/nn/placement.h"
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
    return nn::CatchTorchErrors("LibTorch", [&] {
      const c10::InferenceMode inference;
      // LibTorch's thread count belongs to each thread; this one may not have met it yet.
      at::init_num_threads();
      for (size_t at = 0; at < rows.size(); at += static_cast<size_t>(max_rows_)) {
        RunBatch(rows.subspan(at, static_cast<size_t>(max_rows_)),
                 out + at * static_cast<size_t>(outputs()));
      }
      return absl::OkStatus();
    });
  }

 private:
  void RunBatch(absl::Span<const Row> rows, float* out) const {
    const int last = static_cast<int>(network_->segment().spec.nodes.size()) - 1;
    const at::Tensor result =
        nn::OnHost(network_->Forward(network_->InputsOf(rows), {last}).front());
    std::memcpy(out, result.const_data_ptr<float>(),
                rows.size() * static_cast<size_t>(outputs()) * sizeof(float));
  }

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
