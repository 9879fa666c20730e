// What installed backbones cost a server: the time that opening their folder takes, and how much
// memory is resident then and once a model over one of them is loaded and has answered.
// graft_bench_backbone_memory WEIGHTS_DIR BACKBONE

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "nlohmann/json.hpp"

#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"
#include "core/nn/head.h"
#include "core/nn/state_dict.h"
#include "core/serving/network_loader.h"
#include "core/tasks/classification/decoder.h"

namespace graft {
namespace {

class OneArtifact final : public serving::ModelArtifact {
 public:
  OneArtifact(std::string model, std::string description)
      : model_(std::move(model)), description_(std::move(description)) {}
  absl::string_view model_bytes() const override { return model_; }
  absl::string_view description_json() const override { return description_; }

 private:
  const std::string model_;
  const std::string description_;
};

// One model, in memory.
class OneModel final : public serving::ModelSource {
 public:
  std::string model;
  std::string description;
  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&, int64_t) override {
    return 1;
  }
  absl::StatusOr<serving::ArtifactSummary> Summarise(const serving::ModelKey&) override {
    return serving::ArtifactSummary{model.size(), description};
  }
  absl::StatusOr<std::unique_ptr<serving::ModelArtifact>> Open(const serving::ModelKey&) override {
    return std::make_unique<OneArtifact>(model, description);
  }
};

// VmRSS, and of it what is not of files, in MB.
void PrintResident(const char* when, double seconds) {
  std::ifstream status("/proc/self/status");
  std::string line;
  double all = 0, anonymous = 0;
  while (std::getline(status, line)) {
    if (line.rfind("VmRSS:", 0) == 0) all = std::stod(line.substr(6)) / 1000;
    if (line.rfind("RssAnon:", 0) == 0) anonymous = std::stod(line.substr(8)) / 1000;
  }
  std::printf("%-28s %6.2f s, %5.0f MB resident, %5.0f MB of it not of files\n", when, seconds, all,
              anonymous);
}

class Timer {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

int Main(const char* weights_dir, const char* backbone) {
  at::set_num_threads(1);
  PrintResident("at the start", 0);
  const Timer opening;
  const auto catalog = backbones::WeightsCatalog::Open(weights_dir);
  const auto weights = catalog.ok() ? catalog->Find(backbone) : catalog.status();
  if (!weights.ok()) {
    std::fprintf(stderr, "%s\n", std::string(weights.status().message()).c_str());
    return 1;
  }
  PrintResident("weights opened", opening.seconds());

  const nn::NetworkSpec& spec = (*weights)->spec();
  const model::InputSpec& input = (*weights)->input();
  const nn::Shape shape =
      nn::ShapeAfter(spec, spec.feature_stages, input.height, input.width).value();
  model::ModelDescription description;
  description.backbone = backbone;
  description.backbone_digest = (*weights)->digest();
  description.cut_point = spec.stages[spec.feature_stages - 1].name;
  description.head = {
      .kind = model::HeadKind::kLinear, .features = nn::FeatureMapOf(spec, shape), .outputs = 2};
  description.input = input;
  description.task = tasks::kClassificationTask;
  description.outputs = R"({"labels":["one","other"]})";
  OneModel source;
  std::vector<at::Tensor> keep;
  const auto head = nn::Network::Create(nn::BuildHead(description.head).value(), 1).value();
  source.model =
      artifacts::SerializeSafetensors(nn::ViewTensors(head->NamedTensors(), keep), {}).value();
  source.description = model::ModelDescriptionToJson(description);
  const tasks::Decoders decoders({tasks::ClassificationDecoderFactory()});
  serving::NetworkLoader::Options options;
  options.engines = {std::make_shared<engine::OpenVinoEngineFactory>(engine::kTooSmallForOpenVino),
                     std::make_shared<engine::EagerEngineFactory>()};
  serving::NetworkLoader loader(options, &source, &*catalog, &decoders);
  const Timer loading;
  const auto servable = loader.Load({"p", "m", 1}, {1});
  if (!servable.ok()) {
    std::fprintf(stderr, "%s\n", std::string(servable.status().message()).c_str());
    return 1;
  }
  PrintResident("model loaded and warmed", loading.seconds());
  std::printf("counted: %.0f MB of the backbone, %.3f MB of its own\n",
              static_cast<double>((*servable)->memory().backbone_bytes) / 1e6,
              static_cast<double>((*servable)->memory().own_bytes) / 1e6);
  return 0;
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s WEIGHTS_DIR BACKBONE\n", argv[0]);
    return 2;
  }
  return graft::Main(argv[1], argv[2]);
}
