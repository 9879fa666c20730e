// What training publishes is served, whatever its head and its framing: the served answers on the
// held-out pictures are those that the report judged.
#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"
#include "core/image/encode.h"
#include "core/recipes/config_json.h"
#include "core/serving/network_loader.h"
#include "core/tasks/classification/decoder.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::serving {
namespace {

class OneModel final : public ModelArtifact {
 public:
  explicit OneModel(const training::FineTuneResult& result)
      : model_(result.model), description_(ModelDescriptionToJson(result.description)) {}
  absl::string_view model_bytes() const override { return model_; }
  absl::string_view description_json() const override { return description_; }

 private:
  const std::string model_;
  const std::string description_;
};

class OneSource final : public ModelSource {
 public:
  explicit OneSource(const training::FineTuneResult& result) : result_(result) {}
  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&, int64_t) override {
    return 1;
  }
  absl::StatusOr<ArtifactSummary> Summarise(const ModelKey&) override {
    return ArtifactSummary{result_.model.size(), ModelDescriptionToJson(result_.description)};
  }
  absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey&) override {
    return std::make_unique<OneModel>(result_);
  }

 private:
  const training::FineTuneResult& result_;
};

class TrainedHeadsTest : public training::TinyFineTuneTest {
 protected:
  // Right answers among the test pictures, as a client gets them from this engine.
  double ServedAccuracy(const training::FineTuneResult& result,
                        std::shared_ptr<const engine::EngineFactory> engine) {
    OneSource source(result);
    const backbones::WeightsCatalog catalog({backbone_.weights});
    const tasks::Decoders decoders{{tasks::ClassificationDecoderFactory()}};
    NetworkLoader::Options options;
    options.engines = {std::move(engine)};
    NetworkLoader loader(options, &source, &catalog, &decoders);
    const auto servable = loader.Load({"p", "m", 1}, {1});
    EXPECT_TRUE(servable.ok()) << servable.status();
    if (!servable.ok()) return -1;
    const auto bytes = loader.Measure({"p", "m", 1});
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    if (bytes.ok()) {
      EXPECT_EQ(bytes->own_bytes, (*servable)->memory().own_bytes);
    }
    int right = 0;
    int asked = 0;
    for (int i = 0; i < dataset_->size(); ++i) {
      const data::DatasetEntry& entry = dataset_->manifest().entries[i];
      if (entry.split != data::Split::kTest) continue;
      const auto image = dataset_->Decode(i);
      EXPECT_TRUE(image.ok());
      const auto prepared = (*servable)->Prepare(EncodedImage{image::EncodePng(*image).value()});
      EXPECT_TRUE(prepared.ok()) << prepared.status();
      const auto rows = (*servable)->Run({{&*prepared, {servable->get()}}});
      EXPECT_TRUE(rows.ok()) << rows.status();
      const std::vector<float>& row = rows->front().front().outputs;
      right += std::max_element(row.begin(), row.end()) - row.begin() == entry.class_index;
      ++asked;
    }
    EXPECT_EQ(asked, result.report.examples);
    return static_cast<double>(right) / asked;
  }
};

TEST_F(TrainedHeadsTest, ServedAnswersAreThoseOfTheReport) {
  UseDataset(20, 3, /*with_test=*/true);
  std::vector<recipes::FineTuneConfig> configs;
  for (const model::HeadKind kind :
       {model::HeadKind::kLinear, model::HeadKind::kMlp, model::HeadKind::kArticle,
        model::HeadKind::kCosine, model::HeadKind::kLayers}) {
    for (const recipes::Strategy strategy :
         {recipes::Strategy::kFeatureExtraction, recipes::Strategy::kFull}) {
      recipes::FineTuneConfig& config = configs.emplace_back();
      config.head.kind = kind;
      config.strategy = strategy;
      config.training.epochs = 4;
      if (kind == model::HeadKind::kLayers) {
        config.head.layers = {"conv 6 3", "norm", "silu", "flatten", "dense 8", "dropout 0.2"};
      }
    }
  }
  for (const recipes::TextList& taps :
       std::vector<recipes::TextList>{{"block1"}, {"block1", "block2"}}) {
    for (const recipes::Strategy strategy :
         {recipes::Strategy::kFeatureExtraction, recipes::Strategy::kTopLayers,
          recipes::Strategy::kFull}) {
      recipes::FineTuneConfig& config = configs.emplace_back();
      config.head.taps = taps;
      config.strategy = strategy;
      config.training.epochs = 4;
    }
  }
  for (const recipes::FramingChoice framing :
       {recipes::FramingChoice::kSqueeze, recipes::FramingChoice::kLetterbox,
        recipes::FramingChoice::kAuto}) {
    configs.emplace_back().data.framing = framing;
  }
  for (const recipes::FineTuneConfig& config : configs) {
    SCOPED_TRACE(recipes::ConfigToJson(config).dump());
    checkpoints_.saved.clear();
    const auto result = Run(config);
    ASSERT_TRUE(result.ok()) << result.status();
    const double reported = tasks::FindFigure(result->report.figures, "accuracy").value();
    EXPECT_DOUBLE_EQ(ServedAccuracy(*result, std::make_shared<engine::EagerEngineFactory>()),
                     reported);
    EXPECT_DOUBLE_EQ(ServedAccuracy(*result, std::make_shared<engine::OpenVinoEngineFactory>()),
                     reported);
  }
}

}  // namespace
}  // namespace graft::serving
