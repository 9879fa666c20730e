// How many requests a second the predictor answers, and what each costs in CPU time: a network so
// small that reading, queueing, batching and decoding the answer are most of the work.
// graft_bench_predict [--requests N] [--outstanding N] [--classes N]

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "nlohmann/json.hpp"

#include "core/base/sha256.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"
#include "core/image/encode.h"
#include "core/nn/head.h"
#include "core/nn/state_dict.h"
#include "core/serving/model_manager.h"
#include "core/serving/network_loader.h"
#include "core/serving/predictor.h"
#include "core/tasks/classification/decoder.h"

namespace graft {
namespace {

constexpr int kSide = 32;

nn::NetworkSpec SmallNetwork() {
  nn::SpecBuilder builder("small", {3, kSide, kSide});
  builder.Append(
      "one",
      nn::Conv2d{.in_channels = 3, .out_channels = 8, .kernel = 3, .stride = 2, .padding = 1});
  builder.Append("", nn::Activation{});
  builder.EndStage("low");
  builder.Append(
      "two",
      nn::Conv2d{.in_channels = 8, .out_channels = 16, .kernel = 3, .stride = 2, .padding = 1});
  builder.Append("", nn::Activation{});
  builder.EndStage("high");
  builder.EndFeatures();
  return builder.Take();
}

std::string Serialize(const std::vector<nn::NamedTensor>& tensors) {
  std::vector<at::Tensor> keep;
  return artifacts::SerializeSafetensors(nn::ViewTensors(tensors, keep), {}).value();
}

class OneArtifact final : public serving::ModelArtifact {
 public:
  OneArtifact(const std::string* model, const std::string* description)
      : model_(model), description_(description) {}
  absl::string_view model_bytes() const override { return *model_; }
  absl::string_view description_json() const override { return *description_; }

 private:
  const std::string* const model_;
  const std::string* const description_;
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
    return std::make_unique<OneArtifact>(&model, &description);
  }
};

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Keeps a number of requests under way until all are answered.
class Load {
 public:
  Load(serving::Predictor* predictor, std::string image, int requests)
      : predictor_(predictor), image_(std::move(image)), left_(requests), unanswered_(requests) {}

  void Run(int outstanding) {
    for (int i = 0; i < outstanding; ++i) SubmitNext();
    const auto done = [this] { return unanswered_ == 0; };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done));
  }
  int failed() const { return failed_; }

 private:
  void SubmitNext() {
    {
      absl::MutexLock lock(&mutex_);
      if (left_ == 0) return;
      --left_;
    }
    serving::PredictRequest request{.project = "p", .models = {{.model = "m"}}};
    request.inputs.push_back(serving::EncodedImage{image_});
    predictor_->Submit(std::move(request), absl::InfiniteDuration(),
                       [this](absl::StatusOr<serving::PredictResponse> response) {
                         SubmitNext();
                         absl::MutexLock lock(&mutex_);
                         if (!response.ok()) ++failed_;
                         --unanswered_;
                       });
  }

  serving::Predictor* const predictor_;
  const std::string image_;
  absl::Mutex mutex_;
  int left_;
  int unanswered_;
  int failed_ = 0;
};

int Main(int argc, char** argv) {
  int requests = 20000;
  int outstanding = 16;
  int classes = 10;
  CLI::App app("Rate of predictions of a small network.");
  app.add_option("--requests", requests)->check(CLI::Range(1, 100'000'000));
  app.add_option("--outstanding", outstanding)->check(CLI::Range(1, 256));
  app.add_option("--classes", classes)->check(CLI::Range(2, 100'000));
  CLI11_PARSE(app, argc, argv);

  at::set_num_threads(1);
  model::InputSpec input;
  input.height = input.width = kSide;
  const auto backbone = nn::Network::Create(SmallNetwork(), 1).value();
  const std::string weights = Serialize(backbone->NamedTensors());
  const backbones::WeightsCatalog catalog(
      {backbones::BackboneWeights::Wrap("small", SmallNetwork(), input,
                                        artifacts::SafetensorsFile::Parse(weights).value(),
                                        Sha256Hex(weights))
           .value()});
  model::ModelDescription description;
  description.backbone = "small";
  description.backbone_digest = Sha256Hex(weights);
  description.cut_point = "high";
  description.head = {.kind = model::HeadKind::kLinear, .features = {16, 8, 8}, .outputs = classes};
  description.input = input;
  description.task = tasks::kClassificationTask;
  nlohmann::json labels = nlohmann::json::array();
  for (int i = 0; i < classes; ++i) labels.push_back(absl::StrCat("class ", i));
  description.outputs = nlohmann::json{{"labels", labels}}.dump();
  OneModel source;
  source.model = Serialize(
      nn::Network::Create(nn::BuildHead(description.head).value(), 2).value()->NamedTensors());
  source.description = model::ModelDescriptionToJson(description);

  const tasks::Decoders decoders({tasks::ClassificationDecoderFactory()});
  serving::NetworkLoader::Options options;
  options.engines = {std::make_shared<engine::OpenVinoEngineFactory>(engine::kTooSmallForOpenVino),
                     std::make_shared<engine::EagerEngineFactory>()};
  serving::NetworkLoader loader(options, &source, &catalog, &decoders);
  const auto models =
      serving::ModelManager::Create({}, &source, &loader, Clock::System(), nullptr).value();
  const auto predictor =
      serving::Predictor::Create({}, models.get(), Clock::System(), nullptr).value();
  const std::string image = image::EncodePng(image::MakeImage(kSide, kSide)).value();
  Load(predictor.get(), image, 200).Run(outstanding);  // loads and warms

  const double cpu = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  Load load(predictor.get(), image, requests);
  load.Run(outstanding);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  std::printf("%d requests, %d failed: %.0f a second, %.1f us of CPU time each\n", requests,
              load.failed(), requests / wall.count(), (CpuSeconds() - cpu) / requests * 1e6);
  return load.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) { return graft::Main(argc, argv); }
