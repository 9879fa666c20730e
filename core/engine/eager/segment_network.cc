#include "core/engine/eager/segment_network.h"

#include <cstring>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "core/base/status_macros.h"
#include "core/nn/pixels.h"
#include "core/nn/placement.h"
#include "core/nn/torch_error.h"

namespace graft::engine {
namespace {

// LibTorch takes memory that it may write to, and does not write to a network's in inference.
at::Tensor Borrow(const HostTensor& tensor) {
  return at::from_blob(const_cast<float*>(tensor.data), tensor.shape.ToVector(), at::kFloat);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentNetwork>> SegmentNetwork::Create(
    std::shared_ptr<const Segment> segment) {
  GRAFT_RETURN_IF_ERROR(Validate(*segment));
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network,
                         nn::Network::CreateEmpty(segment->spec));
  for (const HostTensor& tensor : segment->tensors) {
    GRAFT_RETURN_IF_ERROR(network->SetTensor(tensor.name, Borrow(tensor)));
  }
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment->spec, nn::InputShapes(segment->spec)));
  return std::unique_ptr<SegmentNetwork>(
      new SegmentNetwork(std::move(segment), std::move(network), shapes.back().elements()));
}

std::vector<at::Tensor> SegmentNetwork::InputsOf(absl::Span<const Row> rows) const {
  std::vector<at::Tensor> inputs;
  for (size_t i = 0; i < segment_->spec.inputs.size(); ++i) inputs.push_back(Gather(rows, i));
  return inputs;
}

absl::Status SegmentNetwork::Run(absl::Span<const Row> rows, size_t at_once,
                                 absl::Span<const int> taps, See see, float* out) const {
  return nn::CatchTorchErrors("LibTorch", [&] {
    const c10::InferenceMode inference;
    // LibTorch's thread count belongs to each thread; this one may not have met it yet.
    at::init_num_threads();
    for (size_t at = 0; at < rows.size(); at += at_once) {
      const absl::Span<const Row> batch = rows.subspan(at, at_once);
      const std::vector<at::Tensor> inputs = InputsOf(batch);
      const std::vector<at::Tensor> given = network_->ForwardTaps(inputs, 0, 1, taps);
      see(inputs, given);
      const at::Tensor result = nn::OnHost(given.back());
      const size_t numbers = batch.size() * static_cast<size_t>(outputs_);
      std::memcpy(out, result.const_data_ptr<float>(), numbers * sizeof(float));
      out += numbers;
    }
    return absl::OkStatus();
  });
}

at::Tensor SegmentNetwork::Gather(absl::Span<const Row> rows, size_t index) const {
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

}  // namespace graft::engine
