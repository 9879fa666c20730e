#ifndef GRAFT_TESTS_UNIT_CORE_SERVING_NETWORK_LOADER_FIXTURE_H_
#define GRAFT_TESTS_UNIT_CORE_SERVING_NETWORK_LOADER_FIXTURE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/base/sha256.h"
#include "core/data/transforms.h"
#include "core/engine/eager/eager_engine.h"
#include "core/nn/head.h"
#include "core/nn/state_dict.h"
#include "core/serving/network_loader.h"
#include "core/serving/network_servable.h"
#include "core/tasks/classification/decoder.h"

namespace graft::serving {

// Two stages of features, and a published classifier behind them.
inline nn::NetworkSpec TinySpec() {
  nn::SpecBuilder builder("tiny", {3, 8, 8});
  builder.Append("one", nn::Conv2d{.in_channels = 3, .out_channels = 4, .kernel = 3, .padding = 1});
  builder.Append("", nn::Activation{});
  builder.EndStage("low");
  builder.Append(
      "two",
      nn::Conv2d{.in_channels = 4, .out_channels = 6, .kernel = 3, .stride = 2, .padding = 1});
  builder.Append("two_norm", nn::BatchNorm2d{.channels = 6});
  builder.Append("", nn::Activation{});
  builder.EndStage("high");
  builder.EndFeatures();
  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("", nn::Flatten{});
  builder.Append("classifier", nn::Linear{6, 5});
  builder.EndStage("classifier");
  return builder.Take();
}

inline std::string Serialize(const std::vector<nn::NamedTensor>& tensors) {
  std::vector<at::Tensor> keep;
  return *SerializeSafetensors(nn::ViewTensors(tensors, keep), {});
}

struct Published {
  std::string model;
  std::string description;
};

class FakeArtifact final : public ModelArtifact {
 public:
  explicit FakeArtifact(Published published) : published_(std::move(published)) {}
  absl::string_view model_bytes() const override { return published_.model; }
  absl::string_view description_json() const override { return published_.description; }

 private:
  const Published published_;
};

class FakeSource final : public ModelSource {
 public:
  std::map<int64_t, Published> versions;
  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&,
                                  int64_t version) override {
    return version;
  }
  absl::StatusOr<ArtifactSummary> Summarise(const ModelKey& key) override {
    if (!versions.contains(key.version)) return absl::NotFoundError("no such version");
    return ArtifactSummary{versions[key.version].model.size(), versions[key.version].description};
  }
  absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey& key) override {
    if (!versions.contains(key.version)) return absl::NotFoundError("no such version");
    return std::make_unique<FakeArtifact>(versions[key.version]);
  }
};

class NetworkLoaderTest : public ::testing::Test {
 protected:
  NetworkLoaderTest() {
    backbone_network_ = *nn::Network::Create(TinySpec(), 7);
    Install(at::kFloat);
  }

  // The backbone's weights, written as numbers of this type.
  void Install(at::ScalarType type) {
    std::vector<nn::NamedTensor> tensors = backbone_network_->NamedTensors();
    for (nn::NamedTensor& named : tensors) {
      if (named.tensor.is_floating_point()) named.tensor = named.tensor.detach().to(type);
    }
    loader_.reset();
    catalog_.reset();
    backbone_bytes_ = Serialize(tensors);
    digest_ = Sha256Hex(backbone_bytes_);
    auto weights = backbones::BackboneWeights::Wrap(
        "tiny", TinySpec(), Input(), *artifacts::SafetensorsFile::Parse(backbone_bytes_), digest_);
    catalog_ = std::make_unique<backbones::WeightsCatalog>(
        std::vector<std::shared_ptr<const backbones::BackboneWeights>>{weights.value()});
    MakeLoader({});
  }
  // On LibTorch, where the options name no engine.
  void MakeLoader(NetworkLoader::Options options) {
    if (options.engines.empty()) {
      options.engines = {std::make_shared<engine::EagerEngineFactory>()};
    }
    loader_ = std::make_unique<NetworkLoader>(options, &source_, catalog_.get(), &decoders_);
  }

  static model::InputSpec Input() {
    model::InputSpec input;
    input.height = 8;
    input.width = 8;
    return input;
  }

  // A version whose head is drawn from `seed`; with `changed`, its upper stage is too.
  void Publish(int64_t version, uint64_t seed, bool changed = false,
               std::optional<double> temperature = std::nullopt,
               model::HeadSpec head = {
                   .kind = model::HeadKind::kLinear, .features = {6, 4, 4}, .outputs = 3}) {
    model::ModelDescription description;
    description.backbone = "tiny";
    description.backbone_digest = digest_;
    description.cut_point = head.taps.empty() ? "high" : head.taps.back().stage;
    if (changed) description.changed_stages = {"high"};
    description.head = std::move(head);
    description.input = Input();
    description.task = tasks::kClassificationTask;
    description.outputs =
        tasks::ToJson(tasks::ClassificationOutputs{{"cat", "dog", "owl"}, temperature});
    heads_[version] = *nn::Network::Create(*nn::BuildHead(description.head), seed);
    networks_[version] = *nn::Network::Create(TinySpec(), changed ? seed + 100 : 7);
    std::vector<nn::NamedTensor> tensors = heads_[version]->NamedTensors();
    if (changed) {
      ASSERT_TRUE(networks_[version]
                      ->SetTensor("one.weight", backbone_network_->NamedTensors()[0].tensor)
                      .ok());
      ASSERT_TRUE(networks_[version]
                      ->SetTensor("one.bias", backbone_network_->NamedTensors()[1].tensor)
                      .ok());
      for (const nn::NamedTensor& tensor : networks_[version]->NamedTensors(1, 2)) {
        tensors.push_back(tensor);
      }
    }
    source_.versions[version] = {Serialize(tensors), model::ModelDescriptionToJson(description)};
  }

  // Says of a published version that it was proved to be served in 8-bit integers by these ranges.
  void ServeInEightBits(int64_t version, std::vector<model::ActivationRange> ranges) {
    auto description = *model::ModelDescriptionFromJson(source_.versions[version].description);
    description.precision = model::PrecisionRecord{.chosen = model::Precision::kInt8,
                                                   .reason = "proved",
                                                   .figure = "",
                                                   .trials = {},
                                                   .ranges = std::move(ranges)};
    source_.versions[version].description = model::ModelDescriptionToJson(description);
  }

  // A version that has changed every stage.
  void PublishWhole(int64_t version, uint64_t seed) {
    Publish(version, seed, /*changed=*/true);
    model::ModelDescription description =
        model::ModelDescriptionFromJson(source_.versions[version].description).value();
    description.changed_stages = {"low", "high"};
    std::vector<nn::NamedTensor> tensors = heads_[version]->NamedTensors();
    for (const nn::NamedTensor& own : networks_[version]->NamedTensors(0, 2)) {
      tensors.push_back(own);
    }
    source_.versions[version] = {Serialize(tensors), model::ModelDescriptionToJson(description)};
  }

  absl::StatusOr<std::shared_ptr<const Servable>> Load(int64_t version) {
    return loader_->Load({"p", "m", version}, {1, 4});
  }

  static PreparedInput RandomInput(uint64_t seed) {
    PreparedInput image;
    data::Random random(seed);
    for (size_t i = 0; i < data::PreparedValues(Input()); ++i) {
      image.bytes.push_back(static_cast<uint8_t>(random.Below(256)));
    }
    return image;
  }

  // [1, 3, height, width], normalised: what training gives a network of such pixels.
  static at::Tensor Normalised(const PreparedInput& image) {
    const model::InputSpec input = Input();
    image::Image pixels = image::MakeImage(input.width, input.height);
    pixels.rgb = image.bytes;
    model::InputSpec as_it_is = input;
    as_it_is.framing = model::Framing::kSqueeze;  // it has the size already
    at::Tensor x = at::empty({1, 3, input.height, input.width});
    data::PrepareForEvaluation(pixels, as_it_is, x.mutable_data_ptr<float>());
    return x;
  }

  // What training's own network would answer.
  std::vector<float> Reference(int64_t version, const PreparedInput& image,
                               double temperature = 1) {
    const at::NoGradGuard no_grad;
    const at::Tensor x = Normalised(image);
    const at::Tensor logits = heads_[version]->Forward(networks_[version]->Forward(x, 0, 2), 0, 1);
    const at::Tensor p = at::softmax(logits / temperature, 1).contiguous();
    return {p.data_ptr<float>(), p.data_ptr<float>() + p.numel()};
  }

  // What a client is told: the probability of each class, in their order.
  static std::vector<float> Probabilities(const Servable& servable, const RowNumbers& row) {
    const tasks::ClassificationDecodeOptions all({.top_k = 100});
    const auto output = servable.decoder().Decode(row.outputs, &all, {}).value();
    std::vector<float> probabilities(row.outputs.size());
    for (const tasks::LabelScore& score :
         static_cast<const tasks::ClassificationOutput&>(*output).scores()) {
      probabilities[score.index] = score.probability;
    }
    return probabilities;
  }

  static void ExpectNear(const std::vector<float>& got, const std::vector<float>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
  }

  // Rows of versions 1 and 2 in one batch: each gets its own model's answer.
  void ExpectBothInOneBatch(const Servable& first, const Servable& second) {
    const std::vector<PreparedInput> images = {RandomInput(1), RandomInput(2), RandomInput(3)};
    const auto answers =
        second.Run({{&images[0], {&second}}, {&images[1], {&first}}, {&images[2], {&second}}});
    ASSERT_TRUE(answers.ok()) << answers.status();
    ExpectNear(Probabilities(second, (*answers)[0][0]), Reference(2, images[0]));
    ExpectNear(Probabilities(first, (*answers)[1][0]), Reference(1, images[1]));
    ExpectNear(Probabilities(second, (*answers)[2][0]), Reference(2, images[2]));
  }

  std::unique_ptr<nn::Network> backbone_network_;
  std::string backbone_bytes_;
  std::string digest_;
  FakeSource source_;
  const tasks::Decoders decoders_{{tasks::ClassificationDecoderFactory()}};
  std::unique_ptr<backbones::WeightsCatalog> catalog_;
  std::unique_ptr<NetworkLoader> loader_;
  std::map<int64_t, std::unique_ptr<nn::Network>> heads_;
  std::map<int64_t, std::unique_ptr<nn::Network>> networks_;
};

inline const NetworkServable& Networks(const std::shared_ptr<const Servable>& servable) {
  return static_cast<const NetworkServable&>(*servable);
}

// What runs of the trunk for a model, lowest first; nothing where it has none.
inline std::vector<std::shared_ptr<const LoadedSegment>> PiecesOf(
    const std::shared_ptr<const Servable>& servable) {
  const Trunk::Place* const place = Networks(servable).place();
  if (place == nullptr) return {};
  return place->trunk().PiecesTo(place->exit());
}

}  // namespace graft::serving

#endif  // GRAFT_TESTS_UNIT_CORE_SERVING_NETWORK_LOADER_FIXTURE_H_
