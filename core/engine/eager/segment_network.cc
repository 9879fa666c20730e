#include "core/engine/eager/segment_network.h"

#include <cstring>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"

namespace graft::engine {
namespace {

// LibTorch takes memory that it may write to, and does not write to a network's in inference.
at::Tensor Borrow(const HostTensor& tensor) {
  return at::from_blob(const_cast<float*>(tensor.data), tensor.shape.ToVector(), at::kFloat);
}

// The weights of a convolution lie as the pictures do that it reads.
at::Tensor Laid(const at::Tensor& placed) {
  return placed.dim() == 4 ? placed.contiguous(at::MemoryFormat::ChannelsLast) : placed;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentNetwork>> SegmentNetwork::Create(
    std::shared_ptr<const Segment> segment, nn::Placement placement) {
  GRAFT_RETURN_IF_ERROR(Validate(*segment));
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network,
                         nn::Network::CreateEmpty(segment->spec, placement));
  const bool borrows = placement == nn::Placement();
  for (const HostTensor& tensor : segment->tensors) {
    const at::Tensor here = Borrow(tensor);
    GRAFT_RETURN_IF_ERROR(
        network->SetTensor(tensor.name, borrows ? here : Laid(nn::Place(here, placement))));
  }
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment->spec, nn::InputShapes(segment->spec)));
  return std::unique_ptr<SegmentNetwork>(
      new SegmentNetwork(std::move(segment), std::move(network), shapes.back().elements()));
}

SegmentNetwork::SegmentNetwork(std::shared_ptr<const Segment> segment,
                               std::unique_ptr<const nn::Network> network, int64_t outputs)
    : segment_(std::move(segment)), network_(std::move(network)), outputs_(outputs) {
  if (segment_->pixels.has_value()) normalizer_.emplace(*segment_->pixels, placement().device);
}

void SegmentNetwork::Normalise(std::vector<at::Tensor>& inputs) const {
  if (normalizer_.has_value()) inputs.front() = (*normalizer_)(inputs.front());
}

absl::Status SegmentNetwork::Run(absl::Span<const Row> rows, size_t at_once,
                                 absl::Span<const int> taps, See see, float* out) const {
  return nn::CatchTorchErrors("LibTorch", [&] {
    const c10::InferenceMode inference;
    // LibTorch's thread count belongs to each thread; this one may not have met it yet.
    at::init_num_threads();
    for (size_t at = 0; at < rows.size(); at += at_once) {
      const absl::Span<const Row> batch = rows.subspan(at, at_once);
      std::vector<at::Tensor> inputs;
      for (size_t i = 0; i < segment_->spec.inputs.size(); ++i) {
        inputs.push_back(MakeInput(i, static_cast<int64_t>(batch.size()), at::kCPU));
        Gather(batch, i, inputs.back());
      }
      Normalise(inputs);
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

at::Tensor SegmentNetwork::MakeInput(size_t index, int64_t rows, at::TensorOptions options) const {
  const nn::NetworkInput& input = segment_->spec.inputs[index];
  const bool pixels = index == 0 && segment_->pixels.has_value();
  std::vector<int64_t> sizes =
      pixels ? std::vector<int64_t>{input.shape[1], input.shape[2], 3} : input.shape.ToVector();
  sizes.insert(sizes.begin(), rows);
  return at::empty(sizes, options.dtype(pixels           ? at::kByte
                                        : input.integers ? at::kLong
                                                         : at::kFloat));
}

void SegmentNetwork::Gather(absl::Span<const Row> rows, size_t index, const at::Tensor& to) const {
  const uint64_t bytes = segment_->input_bytes(index);
  auto* at = static_cast<char*>(to.mutable_data_ptr());
  for (const Row& row : rows) {
    std::memcpy(at, row.inputs[index], bytes);
    at += bytes;
  }
}

at::Tensor SegmentNetwork::Forward(std::vector<at::Tensor> inputs) const {
  Normalise(inputs);
  return network_->ForwardTaps(inputs, 0, 1, {last()}).front().to(at::kFloat).flatten(1);
}

}  // namespace graft::engine
