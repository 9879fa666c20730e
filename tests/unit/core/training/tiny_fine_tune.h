#ifndef GRAFT_TESTS_UNIT_CORE_TRAINING_TINY_FINE_TUNE_H_
#define GRAFT_TESTS_UNIT_CORE_TRAINING_TINY_FINE_TUNE_H_

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/data/dataset_reader.h"
#include "core/features/feature_cache.h"
#include "core/image/encode.h"
#include "core/nn/state_dict.h"
#include "core/tasks/catalog.h"
#include "core/tasks/classification/options.h"
#include "core/training/fine_tune.h"
#include "tests/unit/core/training/toy.h"

namespace graft::training {

// A VGG of two blocks for pictures of 16 x 16.
inline nn::NetworkSpec TinyVgg() {
  nn::SpecBuilder builder("tiny_vgg", nn::Shape{3, 16, 16});
  int channels = 3;
  for (int block = 0; block < 2; ++block) {
    builder.Append(absl::StrCat("features.", 4 * block),
                   nn::Conv2d{channels, 8, 3, 1, nn::Padding::kExplicit, 1});
    builder.Append(absl::StrCat("features.", 4 * block + 1), nn::BatchNorm2d{8});
    builder.Append("", nn::Activation{nn::ActivationKind::kRelu});
    builder.Append("", nn::MaxPool2d{2, 2});
    builder.EndStage(absl::StrCat("block", block + 1));
    channels = 8;
  }
  builder.EndFeatures();
  return builder.Take();
}

struct TinyBackbone {
  std::string bytes;
  std::shared_ptr<const backbones::BackboneWeights> weights;
};

inline TinyBackbone MakeBackbone() {
  TinyBackbone backbone;
  auto network = nn::Network::Create(TinyVgg(), 3);
  EXPECT_TRUE(network.ok()) << network.status();
  std::vector<at::Tensor> keep;
  const std::vector<artifacts::TensorView> views =
      nn::ViewTensors((*network)->NamedTensors(), keep);
  backbone.bytes = *SerializeSafetensors(views, {});
  model::InputSpec input;
  input.height = input.width = 16;
  input.crop_fraction = 1;
  auto file = artifacts::SafetensorsFile::Parse(backbone.bytes);
  EXPECT_TRUE(file.ok()) << file.status();
  auto weights = backbones::BackboneWeights::Wrap("tiny_vgg", TinyVgg(), input, *std::move(file),
                                                  Sha256Hex(backbone.bytes));
  EXPECT_TRUE(weights.ok()) << weights.status();
  backbone.weights = *weights;
  return backbone;
}

// What a picture of a class looks like.
using Painter = std::function<void(int label, image::Image& image)>;

// Classes that differ by their colour, under noise, unless `paint` makes them of its own.
inline absl::StatusOr<std::unique_ptr<data::DatasetReader>> MakeDataset(
    const std::filesystem::path& folder, int per_class, int classes = 3, bool with_test = false,
    const std::function<void(data::DatasetManifest&)>& edit = nullptr,
    const Painter& paint = nullptr, int width = 20, int height = 18) {
  data::DatasetManifest manifest;
  std::string images;
  uint64_t noise = 1;
  for (int c = 0; c < classes; ++c) {
    manifest.classes.push_back(absl::StrCat("class", c));
    for (int i = 0; i < per_class; ++i) {
      image::Image image = image::MakeImage(width, height);
      for (size_t at = 0; at < image.rgb.size(); ++at) {
        noise = noise * 6364136223846793005ULL + 1442695040888963407ULL;
        image.rgb[at] =
            static_cast<uint8_t>((noise >> 40) % 160 + (static_cast<int>(at % 3) == c ? 60 : 0));
      }
      if (paint) paint(c, image);
      auto png = image::EncodePng(image);
      if (!png.ok()) return png.status();
      data::DatasetEntry entry;
      entry.name = absl::StrCat("class", c, "/", 100 + i, ".png");
      entry.class_index = c;
      entry.offset = images.size();
      entry.length = png->size();
      entry.sha256 = Sha256Hex(*png);
      entry.width = width;
      entry.height = height;
      if (with_test) entry.split = i % 4 == 0 ? data::Split::kTest : data::Split::kTrain;
      manifest.entries.push_back(entry);
      images += *png;
    }
  }
  manifest.bytes = images.size();
  if (edit) edit(manifest);
  const std::filesystem::path path = folder / "images.bin";
  std::ofstream(path, std::ios::binary) << images;
  return data::DatasetReader::Open(path, data::DatasetManifestToJson(manifest));
}

// Runs whole jobs on a small backbone and small pictures.
class TinyFineTuneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    auto cache = features::FeatureCache::Open({folder_->path() / "features"});
    ASSERT_TRUE(cache.ok());
    cache_ = *std::move(cache);
    backbone_ = MakeBackbone();
    UseDataset(20);
  }
  void UseDataset(int per_class, int classes = 3, bool with_test = false,
                  const std::function<void(data::DatasetManifest&)>& edit = nullptr,
                  const Painter& paint = nullptr, int width = 20, int height = 18) {
    auto dataset =
        MakeDataset(folder_->path(), per_class, classes, with_test, edit, paint, width, height);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    dataset_ = *std::move(dataset);
  }
  // Classification on frozen features, where the configuration names no task or strategy; the
  // centre of each picture, where it names no framing and `compare_framings_` does not ask for what
  // is usual.
  absl::StatusOr<FineTuneResult> Run(recipes::FineTuneConfig config = {}) {
    if (!config.data.framing.has_value() && !compare_framings_) {
      config.data.framing = recipes::FramingChoice::kCentreCrop;
    }
    if (config.task.group() == nullptr) config.task = tasks::ClassificationOptions{};
    if (!config.strategy.has_value()) config.strategy = recipes::Strategy::kFeatureExtraction;
    auto job = recipes::ResolveFineTune(config);
    if (!job.ok()) return job.status();
    auto task = tasks::MakeTask(job->config.task, dataset_->manifest());
    if (!task.ok()) return task.status();
    return Run(*job, **task);
  }
  absl::StatusOr<FineTuneResult> Run(const recipes::ResolvedFineTune& job, tasks::Task& task) {
    FineTuneEnvironment environment;
    environment.dataset = dataset_.get();
    environment.task = &task;
    environment.backbone = backbone_.weights;
    environment.feature_cache = cache_.get();
    environment.checkpoints = &checkpoints_;
    environment.observer = &observer_;
    environment.desired = desired_;
    environment.device = device_;
    environment.precision = precision_;
    environment.novelty = novelty_;
    environment.drift = drift_;
    return RunFineTune(job, environment);
  }

  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<features::FeatureCache> cache_;
  TinyBackbone backbone_;
  std::unique_ptr<data::DatasetReader> dataset_;
  MemoryCheckpoints checkpoints_;
  RecordingObserver observer_;
  std::function<RunSignal()> desired_;
  std::string device_ = "cpu";
  const PrecisionProver* precision_ = nullptr;
  const NoveltyFitter* novelty_ = nullptr;
  const DriftFitter* drift_ = nullptr;
  bool compare_framings_ = false;
};

inline std::vector<std::string> TensorNames(const std::string& model) {
  std::vector<std::string> names;
  auto file = artifacts::SafetensorsFile::Parse(model);
  EXPECT_TRUE(file.ok()) << file.status();
  for (const artifacts::TensorView& tensor : (*file)->tensors()) names.push_back(tensor.name);
  return names;
}

}  // namespace graft::training

#endif  // GRAFT_TESTS_UNIT_CORE_TRAINING_TINY_FINE_TUNE_H_
