#include "core/engine/eager/eager_engine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "core/base/status_macros.h"
#include "core/nn/network.h"
#include "core/nn/pixels.h"
#include "core/nn/placement.h"
#include "core/nn/torch_error.h"

namespace graft::engine {
namespace {

// LibTorch takes memory that it may write to, and does not write to a network's in inference.
at::Tensor Borrow(const HostTensor& tensor) {
  return at::from_blob(const_cast<float*>(tensor.data), tensor.shape.ToVector(), at::kFloat);
}

class EagerEngine final : public Engine {
 public:
  EagerEngine(std::shared_ptr<const Segment> segment, std::unique_ptr<const nn::Network> network,
              int64_t outputs, int max_rows)
      : segment_(std::move(segment)),
        network_(std::move(network)),
        outputs_(outputs),
        max_rows_(max_rows) {}

  absl::string_view name() const override { return "libtorch"; }
  Precision precision() const override { return Precision::kF32; }
  int64_t outputs() const override { return outputs_; }
  int rows_at_once() const override { return max_rows_; }
  uint64_t bytes() const override { return 0; }

  absl::Status Run(absl::Span<const Row> rows, float* out) const override {
    return nn::CatchTorchErrors("LibTorch", [&] {
      const c10::InferenceMode inference;
      // LibTorch's thread count belongs to each thread; this one may not have met it yet.
      at::init_num_threads();
      for (size_t at = 0; at < rows.size(); at += static_cast<size_t>(max_rows_)) {
        RunBatch(rows.subspan(at, static_cast<size_t>(max_rows_)),
                 out + at * static_cast<size_t>(outputs_));
      }
      return absl::OkStatus();
    });
  }

 private:
  void RunBatch(absl::Span<const Row> rows, float* out) const {
    std::vector<at::Tensor> inputs;
    for (size_t i = 0; i < segment_->spec.inputs.size(); ++i) inputs.push_back(Gather(rows, i));
    const int last = static_cast<int>(segment_->spec.nodes.size()) - 1;
    const at::Tensor result = nn::OnHost(network_->ForwardTaps(inputs, 0, 1, {last}).front());
    std::memcpy(out, result.const_data_ptr<float>(),
                rows.size() * static_cast<size_t>(outputs_) * sizeof(float));
  }

  at::Tensor Gather(absl::Span<const Row> rows, size_t index) const {
    const nn::NetworkInput& input = segment_->spec.inputs[index];
    const bool pixels = index == 0 && segment_->pixels.has_value();
    const auto count = static_cast<int64_t>(rows.size());
    std::vector<int64_t> sizes =
        pixels ? std::vector<int64_t>{input.shape[1], input.shape[2], 3} : input.shape.ToVector();
    sizes.insert(sizes.begin(), count);
    const at::ScalarType type = pixels ? at::kByte : input.integers ? at::kLong : at::kFloat;
    const at::Tensor batch = at::empty(sizes, at::TensorOptions(type));
    const uint64_t bytes = segment_->input_bytes(index);
    auto* to = static_cast<char*>(batch.mutable_data_ptr());
    for (const Row& row : rows) {
      std::memcpy(to, row.inputs[index], bytes);
      to += bytes;
    }
    return pixels ? nn::NormalizePixels(batch, *segment_->pixels) : batch;
  }

  const std::shared_ptr<const Segment> segment_;
  const std::unique_ptr<const nn::Network> network_;
  const int64_t outputs_;
  const int max_rows_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> EagerEngineFactory::Make(
    std::shared_ptr<const Segment> segment, const EngineOptions& options) const {
  return nn::CatchTorchErrors("LibTorch", [&]() -> absl::StatusOr<std::unique_ptr<Engine>> {
    GRAFT_RETURN_IF_ERROR(Validate(*segment));
    GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network,
                           nn::Network::CreateEmpty(segment->spec));
    for (const HostTensor& tensor : segment->tensors) {
      GRAFT_RETURN_IF_ERROR(network->SetTensor(tensor.name, Borrow(tensor)));
    }
    GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                           nn::InferShapes(segment->spec, nn::InputShapes(segment->spec)));
    return std::make_unique<EagerEngine>(std::move(segment), std::move(network),
                                         shapes.back().elements(), std::max(1, options.max_rows));
  });
}

}  // namespace graft::engine
