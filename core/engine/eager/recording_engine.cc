#include "core/engine/eager/recording_engine.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "core/base/status_macros.h"
#include "core/engine/eager/segment_network.h"
#include "core/engine/quantized_layers.h"
#include "core/nn/placement.h"
#include "core/nn/torch_error.h"

namespace graft::engine {
namespace {

// Few, for what every layer reads is held until all have run.
constexpr size_t kRows = 2;
// Of what one layer reads of a row: more tell no more.
constexpr size_t kMostValues = 16'384;

class RecordingEngine final : public Engine {
 public:
  RecordingEngine(std::unique_ptr<const SegmentNetwork> network, ActivationRecorder* recorder)
      : network_(std::move(network)), recorder_(recorder) {
    const nn::NetworkSpec& spec = network_->segment().spec;
    for (const int layer : LayersToQuantize(spec)) {
      const int read = spec.nodes[static_cast<size_t>(layer)].inputs.front();
      layers_.push_back({spec.nodes[static_cast<size_t>(layer)].name, read});
      if (read >= 0) taps_.push_back(read);
    }
    std::sort(taps_.begin(), taps_.end());
    taps_.push_back(network_->last());
    taps_.erase(std::unique(taps_.begin(), taps_.end()), taps_.end());
  }

  absl::string_view name() const override { return "libtorch recording"; }
  Precision precision() const override { return Precision::kF32; }
  int64_t outputs() const override { return network_->outputs(); }
  int rows_at_once() const override { return static_cast<int>(kRows); }
  uint64_t bytes() const override { return 0; }

  absl::Status Run(absl::Span<const Row> rows, float* out) const override {
    return network_->Run(
        rows, kRows, taps_,
        [this](absl::Span<const at::Tensor> inputs, absl::Span<const at::Tensor> taps) {
          RecordBatch(inputs, taps);
        },
        out);
  }

 private:
  struct Layer {
    std::string name;
    int read = 0;  // a node, or an input of the network
  };

  void RecordBatch(absl::Span<const at::Tensor> inputs, absl::Span<const at::Tensor> taps) const {
    const auto rows = static_cast<size_t>(taps.back().size(0));
    for (const Layer& layer : layers_) {
      if (layer.read < 0) {
        Record(layer, inputs[static_cast<size_t>(nn::InputNode(layer.read))], rows);
        continue;
      }
      const auto tap = std::lower_bound(taps_.begin(), taps_.end(), layer.read);
      Record(layer, taps[static_cast<size_t>(tap - taps_.begin())], rows);
    }
  }

  void Record(const Layer& layer, const at::Tensor& read, size_t rows) const {
    const at::Tensor values = nn::OnHost(read);
    const auto count = static_cast<size_t>(values.numel());
    const auto* const all = values.const_data_ptr<float>();
    // Odd, so that it meets every channel and every column in turn.
    const size_t stride = std::max<size_t>(1, count / (kMostValues * rows)) | 1;
    std::vector<float> some;
    some.reserve(count / stride + 1);
    for (size_t i = 0; i < count; i += stride) some.push_back(all[i]);
    recorder_->Add(layer.name, some);
  }

  const std::unique_ptr<const SegmentNetwork> network_;
  ActivationRecorder* const recorder_;
  std::vector<Layer> layers_;
  std::vector<int> taps_;  // what layers read, and the segment's last node; ascending
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> RecordingEngineFactory::Make(
    std::shared_ptr<const Segment> segment, const EngineOptions&) const {
  return nn::CatchTorchErrors("LibTorch", [&]() -> absl::StatusOr<std::unique_ptr<Engine>> {
    GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<const SegmentNetwork> network,
                           SegmentNetwork::Create(std::move(segment)));
    return std::make_unique<RecordingEngine>(std::move(network), recorder_);
  });
}

}  // namespace graft::engine
