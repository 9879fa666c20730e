#include "core/engine/device/device_engine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/base/status_macros.h"
#include "core/engine/device/lane.h"
#include "core/engine/eager/segment_network.h"
#include "core/engine/folded_segment.h"
#include "core/engine/min_flops.h"
#include "core/nn/torch_error.h"

namespace graft::engine {
namespace {

class DeviceEngine final : public Engine {
 public:
  struct Parts {
    std::string name;
    Precision precision = Precision::kF32;
    int64_t outputs = 0;
    int max_rows = 1;
    uint64_t bytes = 0;
    std::vector<std::unique_ptr<Lane>> lanes;
  };
  explicit DeviceEngine(Parts parts) : parts_(std::move(parts)) {
    for (const std::unique_ptr<Lane>& lane : parts_.lanes) free_.push_back(lane.get());
  }

  absl::string_view name() const override { return parts_.name; }
  Precision precision() const override { return parts_.precision; }
  int64_t outputs() const override { return parts_.outputs; }
  int rows_at_once() const override { return parts_.max_rows; }
  uint64_t bytes() const override { return parts_.bytes; }

  absl::Status Run(absl::Span<const Row> rows, float* out) const override {
    const auto most = static_cast<size_t>(parts_.max_rows);
    for (size_t at = 0; at < rows.size(); at += most) {
      const absl::Span<const Row> batch = rows.subspan(at, most);
      Lane* const lane = Take();
      const absl::Status ran = nn::CatchTorchErrors(parts_.name, [&] {
        lane->Run(batch, out + at * static_cast<size_t>(parts_.outputs));
        return absl::OkStatus();
      });
      GiveBack(lane);
      GRAFT_RETURN_IF_ERROR(ran);
    }
    return absl::OkStatus();
  }

 private:
  Lane* Take() const {
    absl::MutexLock lock(&mutex_);
    const auto any = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !free_.empty(); };
    mutex_.Await(absl::Condition(&any));
    Lane* const lane = free_.back();
    free_.pop_back();
    return lane;
  }
  void GiveBack(Lane* lane) const {
    absl::MutexLock lock(&mutex_);
    free_.push_back(lane);
  }

  const Parts parts_;
  mutable absl::Mutex mutex_;
  mutable std::vector<Lane*> free_ ABSL_GUARDED_BY(mutex_);
};

std::string NameOf(at::DeviceType type, bool records) {
  return absl::StrCat("libtorch-", c10::DeviceTypeName(type, /*lower_case=*/true),
                      records ? "-graphs" : "");
}

// What tensors take in this precision that take `float_bytes` in float32.
uint64_t InPrecision(uint64_t float_bytes, Precision precision) {
  return precision == Precision::kF32 ? float_bytes : float_bytes / 2;
}

}  // namespace

DeviceEngineFactory::DeviceEngineFactory(Options options)
    : options_(std::move(options)),
      name_(NameOf(options_.device.type(), options_.recorder != nullptr)) {}

uint64_t DeviceEngineFactory::MostBytes(uint64_t tensor_bytes, const EngineOptions&) const {
  return InPrecision(tensor_bytes, options_.precision);
}

absl::StatusOr<std::unique_ptr<Engine>> DeviceEngineFactory::Make(
    std::shared_ptr<const Segment> segment, const EngineOptions& options) const {
  GRAFT_RETURN_IF_ERROR(Validate(*segment));
  GRAFT_RETURN_IF_ERROR(CheckMinFlops(*segment, options_.min_flops));
  return nn::CatchTorchErrors(name_, [&]() -> absl::StatusOr<std::unique_ptr<Engine>> {
    const at::ScalarType type = options_.precision == Precision::kF32 ? at::kFloat : at::kBFloat16;
    GRAFT_ASSIGN_OR_RETURN(
        const std::shared_ptr<const SegmentNetwork> network,
        SegmentNetwork::Create(FoldNorms(segment), nn::Placement{options_.device, type}));
    DeviceEngine::Parts parts;
    parts.name = name_;
    parts.precision = options_.precision;
    parts.outputs = network->outputs();
    parts.max_rows = std::max(1, options.max_rows);
    const int passes = std::max(1, options.passes);
    for (int i = 0; i < passes; ++i) {
      parts.lanes.push_back(std::make_unique<Lane>(
          network, parts.max_rows, options_.recorder != nullptr ? options_.recorder() : nullptr));
    }
    parts.bytes = InPrecision(TensorBytes(network->segment().spec), options_.precision) +
                  static_cast<uint64_t>(passes) *
                      Lane::Bytes(network->segment(), parts.outputs, parts.max_rows);
    return std::make_unique<DeviceEngine>(std::move(parts));
  });
}

std::vector<std::shared_ptr<const EngineFactory>> DeviceEngines(at::Device device,
                                                                int64_t min_flops) {
  std::vector<std::shared_ptr<const EngineFactory>> engines;
  const MakePassRecorder recorder = GraphRecorder(device.type());
  for (const Precision precision : {Precision::kBf16, Precision::kF32}) {
    DeviceEngineFactory::Options options{
        .device = device, .precision = precision, .min_flops = min_flops};
    if (recorder != nullptr) {
      options.recorder = recorder;
      engines.push_back(std::make_shared<DeviceEngineFactory>(options));
    }
    options.recorder = nullptr;
    engines.push_back(std::make_shared<DeviceEngineFactory>(std::move(options)));
  }
  return engines;
}

}  // namespace graft::engine
