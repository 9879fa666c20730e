#include "tools/device_check/engine_check.h"

#include <memory>
#include <random>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"

#include "core/backbones/catalog.h"
#include "core/base/status_macros.h"
#include "core/engine/device/device_engine.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/segment_of_network.h"
#include "core/nn/devices.h"
#include "core/nn/network.h"
#include "core/nn/pixels.h"
#include "core/nn/segment_spec.h"
#include "core/nn/torch_error.h"

namespace graft {
namespace {

// Of the largest number that a network gives: float32 adds up in another order; bfloat16 has 8 bits
// of a fraction, and each layer rounds.
constexpr double kTolerance = 1e-3;
constexpr double kBf16Tolerance = 0.1;

struct Subject {
  model::InputSpec pixels;
  std::shared_ptr<nn::Network> network;  // on the host
  std::shared_ptr<const engine::Segment> segment;
  std::vector<std::vector<uint8_t>> pictures;

  std::vector<engine::Row> rows() const {
    std::vector<engine::Row> rows;
    for (const std::vector<uint8_t>& picture : pictures) rows.push_back({{picture.data()}});
    return rows;
  }
};

absl::StatusOr<Subject> Prepare(const EngineCase& engine_case, const CheckOptions& options) {
  Subject subject;
  subject.pixels.height = engine_case.height;
  subject.pixels.width = engine_case.width;
  GRAFT_ASSIGN_OR_RETURN(
      nn::NetworkSpec spec,
      nn::CutStages(engine_case.network, 0, engine_case.network.feature_stages,
                    nn::ImageInputs(engine_case.network, engine_case.height, engine_case.width)));
  GRAFT_ASSIGN_OR_RETURN(subject.network, nn::Network::Create(spec, options.seed));
  GRAFT_ASSIGN_OR_RETURN(
      subject.segment,
      engine::SegmentOf(std::move(spec), {subject.network.get()}, subject.pixels, subject.network));
  std::mt19937_64 random(options.seed);
  for (int i = 0; i < options.batch; ++i) {
    std::vector<uint8_t>& picture = subject.pictures.emplace_back(
        static_cast<size_t>(engine_case.height) * static_cast<size_t>(engine_case.width) * 3);
    for (uint8_t& byte : picture) byte = static_cast<uint8_t>(random());
  }
  return subject;
}

absl::StatusOr<at::Tensor> Answers(const engine::Engine& engine, const Subject& subject) {
  const std::vector<engine::Row> rows = subject.rows();
  at::Tensor answers = at::empty({static_cast<int64_t>(rows.size()), engine.outputs()});
  GRAFT_RETURN_IF_ERROR(engine.Run(rows, answers.mutable_data_ptr<float>()));
  return answers;
}

// LibTorch's own operations on the device, which an engine is to be faster than.
double EagerMilliseconds(const nn::Network& there, const Subject& subject, size_t count,
                         const CheckOptions& options) {
  const c10::InferenceMode inference;
  const at::Tensor pixels =
      at::empty({static_cast<int64_t>(count), subject.pixels.height, subject.pixels.width, 3},
                at::TensorOptions(at::kByte));
  for (size_t i = 0; i < count; ++i) {
    std::copy(subject.pictures[i].begin(), subject.pictures[i].end(),
              pixels.mutable_data_ptr<uint8_t>() + i * subject.pictures[i].size());
  }
  return MedianMilliseconds(options.subject.device, options.repeats, [&] {
    const at::Tensor inputs = nn::NormalizePixels(pixels, subject.pixels).contiguous();
    (void)nn::OnHost(there.Forward(inputs, 0, 1));
  });
}

}  // namespace

std::vector<EngineCase> EngineCases() {
  std::vector<EngineCase> cases;
  for (const char* const name :
       {"efficientnet_lite0", "mobilenet_v2", "resnet50", "vit_small_patch16_224", "vgg16"}) {
    absl::StatusOr<nn::NetworkSpec> network = backbones::BuildArchitecture(name);
    if (network.ok()) cases.push_back({name, *std::move(network)});
  }
  return cases;
}

std::vector<EngineResult> CheckEngines(const EngineCase& engine_case, const CheckOptions& options) {
  std::vector<EngineResult> results;
  const at::Device device = options.subject.device;
  if (device.is_cpu()) return results;
  const auto check = [&]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const Subject subject, Prepare(engine_case, options));
    GRAFT_ASSIGN_OR_RETURN(const auto reference,
                           engine::EagerEngineFactory().Make(subject.segment, {}));
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor expected, Answers(*reference, subject));
    const std::unique_ptr<nn::Network> there = subject.network->Clone();
    there->To(options.subject);
    for (const auto& factory : engine::DeviceEngines(device)) {
      const bool whole = factory->precision() == engine::Precision::kF32;
      const auto made = factory->Make(subject.segment, {.max_rows = options.batch});
      for (const int rows : {1, options.batch}) {
        EngineResult& result = results.emplace_back();
        result.name = engine_case.name;
        result.engine =
            absl::StrCat(factory->name(), " ", model::PrecisionName(factory->precision()));
        result.rows = rows;
        result.tolerance = whole ? kTolerance : kBf16Tolerance;
        result.status = made.status();
        if (!made.ok()) continue;
        const absl::StatusOr<at::Tensor> answers = Answers(**made, subject);
        result.status = answers.status();
        if (!answers.ok()) continue;
        result.difference = Compare(expected, *answers);
        const auto count = static_cast<size_t>(rows);
        result.eager_ms = EagerMilliseconds(*there, subject, count, options);
        const std::vector<engine::Row> all = subject.rows();
        std::vector<float> out(count * static_cast<size_t>((*made)->outputs()));
        result.engine_ms = MedianMilliseconds(device, options.repeats, [&] {
          (void)(*made)->Run(absl::MakeConstSpan(all).first(count), out.data());
        });
      }
    }
    return absl::OkStatus();
  };
  const absl::Status status = nn::CatchTorchErrors(engine_case.name, check);
  if (status.ok()) return results;
  EngineResult& failed = results.emplace_back();
  failed.name = engine_case.name;
  failed.status = status;
  return results;
}

}  // namespace graft
