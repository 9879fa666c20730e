#include "core/training/fine_tune.h"

#include <fstream>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/data/dataset_reader.h"
#include "core/features/feature_cache.h"
#include "core/image/encode.h"
#include "core/nn/state_dict.h"
#include "core/recipes/config_json.h"
#include "core/recipes/enum_words.h"
#include "core/tasks/classification/options.h"
#include "core/tasks/classification/outputs.h"
#include "core/training/dataset_images.h"
#include "core/training/model_card.h"
#include "core/training/network_under_training.h"
#include "core/training/tensor_file.h"
#include "tests/unit/core/training/toy.h"

namespace graft {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A VGG of two blocks for pictures of 16 x 16.
NetworkSpec TinyVgg() {
  SpecBuilder builder("tiny_vgg", Shape{3, 16, 16});
  int channels = 3;
  for (int block = 0; block < 2; ++block) {
    builder.Append(absl::StrCat("features.", 4 * block),
                   Conv2d{channels, 8, 3, 1, Padding::kExplicit, 1});
    builder.Append(absl::StrCat("features.", 4 * block + 1), BatchNorm2d{8});
    builder.Append("", Activation{ActivationKind::kRelu});
    builder.Append("", MaxPool2d{2, 2});
    builder.EndStage(absl::StrCat("block", block + 1));
    channels = 8;
  }
  builder.EndFeatures();
  return builder.Take();
}

struct Backbone {
  std::string bytes;
  std::shared_ptr<const BackboneWeights> weights;
};

Backbone MakeBackbone() {
  Backbone backbone;
  auto network = Network::Create(TinyVgg(), 3);
  EXPECT_TRUE(network.ok()) << network.status();
  std::vector<at::Tensor> keep;
  const std::vector<TensorView> views = ViewTensors((*network)->NamedTensors(), keep);
  backbone.bytes = *SerializeSafetensors(views, {});
  InputSpec input;
  input.height = input.width = 16;
  input.crop_fraction = 1;
  auto file = SafetensorsFile::Parse(backbone.bytes);
  EXPECT_TRUE(file.ok()) << file.status();
  auto weights = BackboneWeights::Wrap("tiny_vgg", TinyVgg(), input, *std::move(file),
                                       Sha256Hex(backbone.bytes));
  EXPECT_TRUE(weights.ok()) << weights.status();
  backbone.weights = *weights;
  return backbone;
}

// Classes that differ by their colour, under noise.
absl::StatusOr<std::unique_ptr<DatasetReader>> MakeDataset(const std::filesystem::path& folder,
                                                           int per_class, int classes = 3,
                                                           bool with_test = false) {
  DatasetManifest manifest;
  std::string images;
  uint64_t noise = 1;
  for (int c = 0; c < classes; ++c) {
    manifest.classes.push_back(absl::StrCat("class", c));
    for (int i = 0; i < per_class; ++i) {
      Image image = MakeImage(20, 18);
      for (size_t at = 0; at < image.rgb.size(); ++at) {
        noise = noise * 6364136223846793005ULL + 1442695040888963407ULL;
        image.rgb[at] =
            static_cast<uint8_t>((noise >> 40) % 160 + (static_cast<int>(at % 3) == c ? 60 : 0));
      }
      auto png = EncodePng(image);
      if (!png.ok()) return png.status();
      DatasetEntry entry;
      entry.name = absl::StrCat("class", c, "/", 100 + i, ".png");
      entry.class_index = c;
      entry.offset = images.size();
      entry.length = png->size();
      entry.sha256 = Sha256Hex(*png);
      entry.width = 20;
      entry.height = 18;
      if (with_test) entry.split = i % 4 == 0 ? Split::kTest : Split::kTrain;
      manifest.entries.push_back(entry);
      images += *png;
    }
  }
  manifest.bytes = images.size();
  const std::filesystem::path path = folder / "images.bin";
  std::ofstream(path, std::ios::binary) << images;
  return DatasetReader::Open(path, DatasetManifestToJson(manifest));
}

class FineTuneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    auto cache = FeatureCache::Open({folder_->path() / "features"});
    ASSERT_TRUE(cache.ok());
    cache_ = *std::move(cache);
    backbone_ = MakeBackbone();
    UseDataset(20);
  }
  void UseDataset(int per_class, int classes = 3, bool with_test = false) {
    auto dataset = MakeDataset(folder_->path(), per_class, classes, with_test);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    dataset_ = *std::move(dataset);
  }
  absl::StatusOr<FineTuneResult> Run(const FineTuneConfig& config = {
                                         .task = ClassificationOptions{}}) {
    auto job = ResolveFineTune(config);
    if (!job.ok()) return job.status();
    FineTuneEnvironment environment;
    environment.dataset = dataset_.get();
    environment.backbone = backbone_.weights;
    environment.feature_cache = cache_.get();
    environment.checkpoints = &checkpoints_;
    environment.observer = &observer_;
    environment.desired = desired_;
    return RunFineTune(*job, environment);
  }

  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<FeatureCache> cache_;
  Backbone backbone_;
  std::unique_ptr<DatasetReader> dataset_;
  MemoryCheckpoints checkpoints_;
  RecordingObserver observer_;
  std::function<RunSignal()> desired_;
};

std::vector<std::string> TensorNames(const std::string& model) {
  std::vector<std::string> names;
  auto file = SafetensorsFile::Parse(model);
  EXPECT_TRUE(file.ok()) << file.status();
  for (const TensorView& tensor : (*file)->tensors()) names.push_back(tensor.name);
  return names;
}

TEST_F(FineTuneTest, FeatureExtractionGivesAHeadOverAnUnchangedBackbone) {
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(result->report.accuracy, 0.9);
  EXPECT_EQ(result->report.split, "validation");
  EXPECT_EQ(result->report.images, 12);
  EXPECT_THAT(TensorNames(result->model), UnorderedElementsAre("head.weight", "head.bias"));
  EXPECT_THAT(result->description.changed_stages, IsEmpty());
  EXPECT_EQ(result->description.cut_point, "block2");
  EXPECT_EQ(result->description.backbone_digest, backbone_.weights->digest());
  EXPECT_EQ(result->description.task, "classification");
  const auto outputs = ClassificationOutputsOf(result->description);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_THAT(outputs->labels, ElementsAre("class0", "class1", "class2"));
  EXPECT_EQ(result->counters.backbone_forward_images, 60);
  EXPECT_GT(result->best_epoch, 0);
  EXPECT_DOUBLE_EQ(observer_.progress.back().fraction, 1.0);
}

TEST_F(FineTuneTest, TheModelFileCarriesItsDescription) {
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  auto file = SafetensorsFile::Parse(result->model);
  ASSERT_TRUE(file.ok());
  const auto description = ModelDescriptionFromJson((*file)->metadata().at("graft.model"));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(description->head, result->description.head);
}

TEST_F(FineTuneTest, TheSecondJobOnTheSameDataDecodesAndForwardsNothing) {
  ASSERT_TRUE(Run().ok());
  FineTuneConfig other = {.task = ClassificationOptions{}};
  other.training.seed = 5;  // another split of the same images
  const auto result = Run(other);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->counters.backbone_forward_images, 0);
  EXPECT_EQ(result->counters.feature_cache_hits, 60);
  EXPECT_EQ(result->counters.feature_cache_misses, 0);
}

TEST_F(FineTuneTest, TopLayersPublishesTheChangedStage) {
  FineTuneConfig config = {.task = ClassificationOptions{}};
  config.strategy = Strategy::kTopLayers;
  config.training.epochs = 6;
  config.training.head_epochs = 2;
  config.training.learning_rate = 0.02;
  config.task.As<ClassificationOptions>().label_smoothing = 0.0;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->description.changed_stages, ElementsAre("block2"));
  EXPECT_THAT(
      TensorNames(result->model),
      UnorderedElementsAre("head.weight", "head.bias", "features.4.weight", "features.4.bias",
                           "features.5.weight", "features.5.bias", "features.5.running_mean",
                           "features.5.running_var", "features.5.num_batches_tracked"));
  EXPECT_THAT(observer_.checkpoints, ::testing::SizeIs(6));
}

TEST_F(FineTuneTest, EveryHeadAndStrategyRuns) {
  for (Strategy strategy : {Strategy::kFeatureExtraction, Strategy::kTopLayers, Strategy::kFull}) {
    for (HeadKind head : {HeadKind::kLinear, HeadKind::kMlp, HeadKind::kArticle}) {
      FineTuneConfig config = {.task = ClassificationOptions{}};
      config.strategy = strategy;
      config.head.kind = head;
      config.training.epochs = 2;
      checkpoints_.saved.clear();
      const auto result = Run(config);
      ASSERT_TRUE(result.ok()) << NameOf(strategy) << " " << NameOf(head) << ": "
                               << result.status();
      EXPECT_EQ(result->description.head.outputs, 3);
    }
  }
}

// The published file, put over the backbone's weights as serving does, gives the report's figures.
TEST_F(FineTuneTest, WhatIsPublishedRebuildsTheModel) {
  UseDataset(20, 3, /*with_test=*/true);
  FineTuneConfig config = {.task = ClassificationOptions{}};
  config.strategy = Strategy::kFull;
  config.training.epochs = 3;
  config.training.learning_rate = 0.02;
  config.data.augment = false;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->report.split, "test");
  EXPECT_EQ(result->report.images, 15);

  auto network = NetworkUnderTraining::Create(*backbone_.weights, result->description.head, 99);
  ASSERT_TRUE(network.ok());
  const auto file = ParseTensorFile(result->model);
  ASSERT_TRUE(file.ok()) << file.status();
  const at::NoGradGuard no_grad;
  for (int stage = 0; stage <= (*network)->stages(); ++stage) {
    for (const TrainedTensor& tensor : (*network)->tensors(stage)) {
      const auto found = file->tensors.find(tensor.name);
      if (found != file->tensors.end()) at::Tensor(tensor.tensor).copy_(found->second);
    }
  }
  (*network)->SetMode((*network)->stages(), false, BatchNormMode::kFrozenStatistics);
  int64_t right = 0;
  DatasetImages images(dataset_.get(), backbone_.weights->input(), 1);
  for (int i = 0; i < dataset_->size(); ++i) {
    if (dataset_->manifest().entries[i].split != Split::kTest) continue;
    const auto image = images.Open({{{i, 0}}})->Next();
    ASSERT_TRUE(image.ok());
    const at::Tensor logits = (*network)->Head(
        (*network)->HeadInput((*network)->Forward(*image, 0, (*network)->stages())));
    right += logits.argmax(1).item<int64_t>() == dataset_->manifest().entries[i].class_index;
  }
  EXPECT_DOUBLE_EQ(static_cast<double>(right) / 15, result->report.accuracy);
}

TEST_F(FineTuneTest, TheCardSaysWhatAReaderMustKnow) {
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  const auto card = nlohmann::json::parse(result->card_json);
  EXPECT_EQ(card["backbone"]["id"], "tiny_vgg");
  EXPECT_EQ(card["backbone"]["digest"], backbone_.weights->digest());
  EXPECT_EQ(card["data"]["digest"], dataset_->digest());
  EXPECT_EQ(card["data"]["train_images"], 48);
  EXPECT_EQ(card["hyperparameters"]["strategy"], "feature_extraction");
  EXPECT_GT(card["hyperparameters"]["training"]["l2"].get<double>(), 0);
  EXPECT_TRUE(card["phase_seconds"].contains("features"));
  EXPECT_EQ(card["report"]["images"], 12);
  EXPECT_EQ(result->card_json.find(folder_->path().string()), std::string::npos);
}

TEST_F(FineTuneTest, AJobTakesUpOnlyItsOwnCheckpoint) {
  FineTuneConfig config = {.task = ClassificationOptions{}};
  config.strategy = Strategy::kFull;
  config.training.epochs = 3;
  ASSERT_TRUE(Run(config).ok());
  observer_ = {};
  config.training.learning_rate = 0.005;
  ASSERT_TRUE(Run(config).ok());
  EXPECT_THAT(observer_.logs, Contains(HasSubstr("another job")));
  EXPECT_EQ(observer_.epochs.front().epoch, 1);
}

TEST_F(FineTuneTest, ADrainKeepsACheckpointAndSaysSo) {
  FineTuneConfig config = {.task = ClassificationOptions{}};
  config.strategy = Strategy::kFull;
  config.training.epochs = 5;
  desired_ = [&] { return checkpoints_.saved.size() < 2 ? RunSignal::kRun : RunSignal::kDrain; };
  EXPECT_TRUE(IsDrained(Run(config).status()));
  desired_ = nullptr;
  observer_ = {};
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(observer_.epochs.front().epoch, 3);
}

TEST_F(FineTuneTest, ARunThatIsTakenUpAgainPublishesTheSameBytes) {
  FineTuneConfig mlp = {.task = ClassificationOptions{}};
  mlp.head.kind = HeadKind::kMlp;
  mlp.training.epochs = 5;
  FineTuneConfig views = {.task = ClassificationOptions{}};
  views.strategy = Strategy::kTopLayers;
  views.data.augment = true;
  views.data.augmented_views = 2;
  views.training.epochs = 5;
  views.training.head_epochs = 1;
  FineTuneConfig full = {.task = ClassificationOptions{}};
  full.strategy = Strategy::kFull;
  full.head.kind = HeadKind::kMlp;
  full.training.epochs = 4;
  full.training.head_epochs = 1;
  for (const FineTuneConfig& config : {mlp, views, full}) {
    SCOPED_TRACE(ConfigToJson(config).dump());
    checkpoints_.saved.clear();
    const auto whole = Run(config);
    ASSERT_TRUE(whole.ok()) << whole.status();
    checkpoints_.saved.clear();
    desired_ = [&] { return checkpoints_.saved.size() < 3 ? RunSignal::kRun : RunSignal::kDrain; };
    ASSERT_TRUE(IsDrained(Run(config).status()));
    desired_ = nullptr;
    observer_ = {};
    const auto rest = Run(config);
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_EQ(observer_.epochs.front().epoch, 4);
    EXPECT_TRUE(rest->model == whole->model);
    EXPECT_EQ(rest->best_epoch, whole->best_epoch);
  }
}

// Drained between the end of the fit and the report.
TEST_F(FineTuneTest, AHeadThatWasSolvedIsNotSolvedAgain) {
  const auto whole = Run();
  ASSERT_TRUE(whole.ok()) << whole.status();
  checkpoints_.saved.clear();
  desired_ = [&] { return checkpoints_.saved.empty() ? RunSignal::kRun : RunSignal::kDrain; };
  ASSERT_TRUE(IsDrained(Run().status()));
  desired_ = nullptr;
  observer_ = {};
  const auto rest = Run();
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_THAT(observer_.epochs, IsEmpty());
  EXPECT_TRUE(rest->model == whole->model);
  EXPECT_EQ(rest->best_epoch, whole->best_epoch);
  ASSERT_FALSE(rest->metrics.empty());
  EXPECT_EQ(rest->metrics.front(), whole->metrics.front()) << "the training loss";
  const auto l2_of = [](const FineTuneResult& result) {
    return nlohmann::json::parse(result.card_json)["hyperparameters"]["training"]["l2"]
        .get<double>();
  };
  EXPECT_EQ(l2_of(*rest), l2_of(*whole));
}

TEST_F(FineTuneTest, PublishedBatchNormStatisticsAreThePretrainedOnes) {
  for (Strategy strategy : {Strategy::kTopLayers, Strategy::kFull}) {
    FineTuneConfig config = {.task = ClassificationOptions{}};
    config.strategy = strategy;
    config.training.epochs = 3;
    config.training.head_epochs = 1;
    config.training.learning_rate = 0.05;
    config.training.early_stopping_patience = 0;
    checkpoints_.saved.clear();
    const auto result = Run(config);
    ASSERT_TRUE(result.ok()) << result.status();
    auto published = SafetensorsFile::Parse(result->model);
    ASSERT_TRUE(published.ok());
    int statistics = 0;
    for (const TensorView& tensor : (*published)->tensors()) {
      if (tensor.name.find("running") == std::string::npos) continue;
      EXPECT_EQ(tensor.bytes, backbone_.weights->file().Find(tensor.name)->bytes) << tensor.name;
      ++statistics;
    }
    EXPECT_EQ(statistics, strategy == Strategy::kFull ? 4 : 2);
  }
}

TEST_F(FineTuneTest, BatchStatisticsMoveInTrainedStagesOnly) {
  const HeadSpec head{HeadKind::kLinear, {8, 4, 4}, 0, 0, 3};
  auto network = NetworkUnderTraining::Create(*backbone_.weights, head, 0);
  ASSERT_TRUE(network.ok()) << network.status();
  const auto moved = [&](int first, BatchNormMode mode) {
    std::vector<at::Tensor> before;
    for (int stage : {0, 1}) {
      for (const TrainedTensor& tensor : (*network)->tensors(stage)) {
        if (!tensor.is_parameter) before.push_back(tensor.tensor.clone());
      }
    }
    (*network)->SetMode(first, /*training=*/true, mode);
    (*network)->Forward(at::rand({4, 3, 16, 16}), 0, 2);
    std::vector<std::string> names;
    size_t i = 0;
    for (int stage : {0, 1}) {
      for (const TrainedTensor& tensor : (*network)->tensors(stage)) {
        if (!tensor.is_parameter && !at::equal(tensor.tensor, before[i++])) {
          names.push_back(tensor.name);
        }
      }
    }
    return names;
  };
  EXPECT_THAT(moved(0, BatchNormMode::kFrozenStatistics), IsEmpty());
  EXPECT_THAT(moved(1, BatchNormMode::kBatchStatistics),
              UnorderedElementsAre("features.5.running_mean", "features.5.running_var",
                                   "features.5.num_batches_tracked"));
}

TEST_F(FineTuneTest, MoreTrainableStagesThanTheBackboneHasAreRefused) {
  FineTuneConfig config = {.task = ClassificationOptions{}};
  config.strategy = Strategy::kTopLayers;
  config.training.trainable_stages = 3;
  const auto status = Run(config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("training.trainable_stages"));
}

TEST_F(FineTuneTest, AClassThatNothingCouldBeHeldOutOfIsWarnedOf) {
  TrainingData data;
  data.class_names = {"class0", "class1", "class2"};
  for (int64_t i = 0; i < 60; ++i) data.labels.push_back(i / 20);
  for (int64_t i = 0; i < 60; ++i)
    (i % 20 == 0 && i < 40 ? data.validation : data.train).push_back(i);
  EXPECT_THAT(Summarise(*dataset_, data).classes_without_validation, ElementsAre("class2"));
  data.validation.clear();
  EXPECT_THAT(Summarise(*dataset_, data).classes_without_validation, IsEmpty());
}

TEST_F(FineTuneTest, FewImagesAreWarnedOf) {
  UseDataset(5);
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(observer_.warnings, Contains("TOO_FEW_IMAGES"));
}

TEST_F(FineTuneTest, OneClassIsRefused) {
  UseDataset(5, 1);
  const auto status = Run().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("two or more"));
}

}  // namespace
}  // namespace graft
