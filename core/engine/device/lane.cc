#include "core/engine/device/lane.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace graft::engine {
namespace {

// Answers go before what else the device is given.
c10::Stream StreamOf(at::Device device) {
  return c10::impl::VirtualGuardImpl(device.type())
      .getStreamFromGlobalPool(device, /*isHighPriority=*/true);
}

}  // namespace

std::vector<int> RecordedSizes(int max_rows) {
  std::vector<int> sizes;
  for (int rows = 1; rows < max_rows; rows *= 2) sizes.push_back(rows);
  sizes.push_back(max_rows);
  return sizes;
}

uint64_t Lane::Bytes(const Segment& segment, int64_t outputs, int max_rows) {
  uint64_t row = static_cast<uint64_t>(outputs) * sizeof(float);
  for (size_t i = 0; i < segment.spec.inputs.size(); ++i) row += segment.input_bytes(i);
  return 2 * row * static_cast<uint64_t>(max_rows);
}

Lane::Lane(std::shared_ptr<const SegmentNetwork> network, int max_rows,
           std::unique_ptr<PassRecorder> recorder)
    : network_(std::move(network)),
      stream_(StreamOf(network_->placement().device)),
      recorder_(std::move(recorder)) {
  const c10::InferenceMode inference;
  const c10::StreamGuard here(stream_);
  const at::TensorOptions pinned = at::TensorOptions(at::kCPU).pinned_memory(true);
  for (size_t i = 0; i < network_->segment().spec.inputs.size(); ++i) {
    // Of zeros: passes are recorded on them, and rows that nobody asked for are computed of them.
    brought_.push_back(network_->MakeInput(i, max_rows, pinned).zero_());
    inputs_.push_back(network_->MakeInput(i, max_rows, network_->placement().device).zero_());
  }
  fetched_ = at::empty({max_rows, network_->outputs()}, pinned.dtype(at::kFloat));
  if (recorder_ == nullptr) return;
  const std::vector<int> sizes = RecordedSizes(max_rows);
  recorded_.reserve(sizes.size());
  for (const int rows : sizes) {
    // Once as it is: what libraries set up and choose at their first call is not to be recorded.
    Compute(rows);
    stream_.synchronize();
    Recorded& recorded = recorded_.emplace_back();
    recorded.rows = rows;
    recorded.pass =
        recorder_->Record([this, &recorded] { recorded.result = Compute(recorded.rows); });
  }
}

at::Tensor Lane::Compute(int64_t rows) const {
  std::vector<at::Tensor> inputs;
  inputs.reserve(inputs_.size());
  for (const at::Tensor& input : inputs_) inputs.push_back(input.narrow(0, 0, rows));
  return network_->Forward(std::move(inputs));
}

at::Tensor Lane::Launch(int64_t rows) {
  const auto enough = std::find_if(recorded_.begin(), recorded_.end(),
                                   [&](const Recorded& each) { return each.rows >= rows; });
  if (enough == recorded_.end()) return Compute(rows);
  enough->pass->Replay();
  return enough->result;
}

void Lane::Run(absl::Span<const Row> rows, float* out) {
  const auto count = static_cast<int64_t>(rows.size());
  const c10::InferenceMode inference;
  const c10::StreamGuard here(stream_);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    network_->Gather(rows, i, brought_[i]);
    inputs_[i].narrow(0, 0, count).copy_(brought_[i].narrow(0, 0, count), /*non_blocking=*/true);
  }
  const at::Tensor result = Launch(count).narrow(0, 0, count);
  const at::Tensor fetched = fetched_.narrow(0, 0, count);
  fetched.copy_(result, /*non_blocking=*/true);
  stream_.synchronize();
  std::memcpy(out, fetched.const_data_ptr<float>(),
              rows.size() * static_cast<size_t>(network_->outputs()) * sizeof(float));
}

}  // namespace graft::engine
