#include "tools/device_check/training_cases.h"

#include <utility>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/tasks/classification/task.h"
#include "core/tasks/multilabel/task.h"
#include "core/tasks/regression/task.h"

namespace graft {
namespace {

// Convolutions have no bias before a norm, as nowhere: its gradient would be nothing but rounding.
void AppendConvNorm(const std::string& name, const nn::Conv2d& conv, nn::SpecBuilder& builder) {
  nn::Conv2d without_bias = conv;
  without_bias.bias = false;
  builder.Append(name + ".conv", without_bias);
  builder.Append(name + ".norm", nn::BatchNorm2d{conv.out_channels});
}

// A stem, a residual block with a squeeze-and-excitation gate, a depthwise one.
nn::NetworkSpec ConvolutionalNetwork() {
  nn::SpecBuilder builder("device_check_cnn", nn::Shape{3, kImageSize, kImageSize});
  AppendConvNorm("stem",
                 {.in_channels = 3,
                  .out_channels = 16,
                  .kernel = 3,
                  .stride = 2,
                  .padding_mode = nn::Padding::kSame},
                 builder);
  builder.Append("", nn::Activation{nn::ActivationKind::kRelu});
  builder.Append("", nn::MaxPool2d{2, 2});
  builder.EndStage("stem");

  const int input = builder.last();
  AppendConvNorm("block", {.in_channels = 16, .out_channels = 16, .kernel = 3, .padding = 1},
                 builder);
  const int map = builder.Append("", nn::Activation{nn::ActivationKind::kSilu});
  builder.Append("", nn::AdaptiveAvgPool2d{1, 1});
  builder.Append("block.gate", nn::Conv2d{.in_channels = 16, .out_channels = 16});
  const int gate = builder.Append("", nn::Activation{nn::ActivationKind::kSigmoid});
  builder.Append("", nn::Multiply{}, {map, gate});
  builder.Append("", nn::Add{}, {builder.last(), input});
  builder.EndStage("block");

  AppendConvNorm(
      "top",
      {.in_channels = 16, .out_channels = 16, .kernel = 3, .stride = 2, .padding = 1, .groups = 16},
      builder);
  builder.Append("", nn::Activation{nn::ActivationKind::kRelu6});
  builder.EndStage("top");
  builder.EndFeatures();
  return builder.Take();
}

// Patches of 8 pixels and two blocks, as core/backbones/vit.cc has them.
nn::NetworkSpec Transformer() {
  constexpr int kChannels = 32;
  constexpr int kPatch = 8;
  constexpr int kTokens = 1 + (kImageSize / kPatch) * (kImageSize / kPatch);
  nn::SpecBuilder builder("device_check_vit", nn::Shape{3, kImageSize, kImageSize});
  builder.Append(
      "embed",
      nn::Conv2d{.in_channels = 3, .out_channels = kChannels, .kernel = kPatch, .stride = kPatch});
  builder.Append("", nn::MapToTokens{});
  builder.Append("cls_token", nn::ClassToken{kChannels});
  builder.Append("pos_embed", nn::PositionEmbedding{kTokens, kChannels});
  builder.EndStage("embed");
  for (const std::string block : {"block0", "block1"}) {
    const int input = builder.last();
    builder.Append(block + ".norm1", nn::LayerNorm{kChannels});
    builder.Append(block + ".qkv", nn::Linear{kChannels, 3 * kChannels});
    builder.Append("", nn::Attention{.channels = kChannels, .heads = 4});
    builder.Append(block + ".proj", nn::Linear{kChannels, kChannels});
    const int attended = builder.Append("", nn::Add{}, {builder.last(), input});
    builder.Append(block + ".norm2", nn::LayerNorm{kChannels});
    builder.Append(block + ".fc1", nn::Linear{kChannels, 2 * kChannels});
    builder.Append("", nn::Activation{nn::ActivationKind::kGelu});
    builder.Append(block + ".fc2", nn::Linear{2 * kChannels, kChannels});
    builder.Append("", nn::Add{}, {builder.last(), attended});
    builder.EndStage(block);
  }
  builder.EndFeatures(/*prefix_tokens=*/1);
  return builder.Take();
}

// The made task as one of any kind.
template <typename Made>
absl::StatusOr<std::unique_ptr<tasks::Task>> AnyTask(Made made) {
  if (!made.ok()) return made.status();
  return std::unique_ptr<tasks::Task>(*std::move(made));
}

absl::StatusOr<std::unique_ptr<tasks::Task>> MakeClassification(
    const recipes::FineTuneConfig& config) {
  std::vector<int64_t> labels;
  for (int64_t entry = 0; entry < kImages; ++entry) labels.push_back(ImageKind(entry));
  return AnyTask(tasks::ClassificationTask::Create({"north", "east", "south", "west"}, labels,
                                                   config.task.As<tasks::ClassificationOptions>()));
}

absl::StatusOr<std::unique_ptr<tasks::Task>> MakeMultilabel(const recipes::FineTuneConfig& config) {
  std::vector<std::vector<int>> labels;
  for (int64_t entry = 0; entry < kImages; ++entry) {
    std::vector<int>& own = labels.emplace_back();
    if (ImageKind(entry) % 2 == 0) own.push_back(0);
    if (ImageKind(entry) < 2) own.push_back(1);
  }
  return AnyTask(tasks::MultilabelTask::Create({"upright", "red"}, labels,
                                               config.task.As<tasks::MultilabelOptions>()));
}

absl::StatusOr<std::unique_ptr<tasks::Task>> MakeRegression(const recipes::FineTuneConfig& config) {
  std::vector<std::vector<double>> values;
  for (int64_t entry = 0; entry < kImages; ++entry) {
    const auto kind = static_cast<double>(ImageKind(entry));
    values.push_back({20 + 3 * kind, 100 - kind * kind});
  }
  return AnyTask(tasks::RegressionTask::Create({"angle", "weight"}, values,
                                               config.task.As<tasks::RegressionOptions>()));
}

class Images final : public training::ExampleSource {
 public:
  explicit Images(uint64_t seed) : seed_(seed) {}

  std::unique_ptr<training::ExampleStream> Open(
      std::vector<std::vector<training::ExampleRequest>> batches) override {
    class Stream final : public training::ExampleStream {
     public:
      Stream(const Images* owner, std::vector<std::vector<training::ExampleRequest>> batches)
          : owner_(owner), batches_(std::move(batches)) {}
      absl::StatusOr<at::Tensor> Next() override {
        std::vector<at::Tensor> images;
        for (const training::ExampleRequest& request : batches_[next_]) {
          images.push_back(owner_->Make(request));
        }
        ++next_;
        return at::stack(images);
      }

     private:
      const Images* const owner_;
      const std::vector<std::vector<training::ExampleRequest>> batches_;
      size_t next_ = 0;
    };
    return std::make_unique<Stream>(this, std::move(batches));
  }

 private:
  at::Tensor Make(const training::ExampleRequest& request) const {
    // A generator of its own: the process's is the trainer's.
    const at::Generator generator =
        at::detail::createCPUGenerator(seed_ * 1'000'003 + static_cast<uint64_t>(request.entry));
    at::Tensor image = at::randn({3, kImageSize, kImageSize}, generator) * 0.5;
    const int64_t kind = ImageKind(request.entry);
    const at::Tensor stripes = at::arange(kImageSize).div(4, "floor").remainder(2).to(at::kFloat);
    image[kind / 2] += kind % 2 == 0 ? stripes.unsqueeze(0) : stripes.unsqueeze(1);
    return request.augmentation_seed % 2 == 1 ? image.flip({2}) : image;
  }

  const uint64_t seed_;
};

}  // namespace

std::vector<TrainingCase> TrainingCases() {
  std::vector<TrainingCase> cases;
  // SGD, whose steps are as near to each other as the gradients are: AdamW makes of a gradient that
  // is all rounding a step as long as any.
  TrainingCase cnn{"CNN with BatchNorm, trained whole (classification, SGD)",
                   ConvolutionalNetwork(),
                   {},
                   &MakeClassification,
                   1e-3,
                   1e-2};
  cnn.config.strategy = recipes::Strategy::kFull;
  cnn.config.training.epochs = 5;
  cnn.config.training.head_epochs = 1;
  cnn.config.training.batch_size = 16;
  cnn.config.training.optimizer = recipes::OptimizerKind::kSgd;
  cnn.config.training.learning_rate = 0.05;
  cnn.config.training.backbone_learning_rate = 0.05;
  cnn.config.task =
      tasks::ClassificationOptions{.class_weighting = tasks::ClassWeighting::kBalanced};
  cases.push_back(std::move(cnn));

  TrainingCase vit{"ViT block, head and last stage (regression, AdamW)",
                   Transformer(),
                   {},
                   &MakeRegression,
                   1e-3,
                   1e-2};
  vit.config.strategy = recipes::Strategy::kTopLayers;
  vit.config.training.epochs = 5;
  vit.config.training.head_epochs = 2;
  vit.config.training.batch_size = 16;
  vit.config.training.optimizer = recipes::OptimizerKind::kAdamW;
  vit.config.training.learning_rate = 0.003;
  vit.config.training.backbone_learning_rate = 0.001;
  vit.config.training.gradient_clip_norm = 1;
  vit.config.task = tasks::RegressionOptions{};
  cases.push_back(std::move(vit));

  TrainingCase solved{"Linear head on a frozen CNN (multilabel, L-BFGS)",
                      ConvolutionalNetwork(),
                      {},
                      &MakeMultilabel,
                      2e-2,  // a solver stops where float32 gives no more: losses near 0 differ
                      1e-2};
  solved.config.strategy = recipes::Strategy::kFeatureExtraction;
  solved.config.task =
      tasks::MultilabelOptions{.class_weighting = tasks::ClassWeighting::kBalanced};
  cases.push_back(std::move(solved));
  return cases;
}

int64_t ImageKind(int64_t entry) { return entry % kImageKinds; }

std::unique_ptr<training::ExampleSource> MakeImages(uint64_t seed) {
  return std::make_unique<Images>(seed);
}

training::TrainingData DataOf(training::ExampleSource* source) {
  training::TrainingData data;
  data.entries = kImages;
  for (int64_t i = 0; i < data.entries; ++i) {
    // By groups of as many images as there are kinds: each part has all.
    const int64_t group = i / kImageKinds % 6;
    (group == 4 ? data.validation : group == 5 ? data.test : data.train).push_back(i);
  }
  data.dataset_digest = "device check";
  data.plain_transform_digest = "plain";
  data.augmented_transform_digest = "augmented";
  data.source = source;
  return data;
}

}  // namespace graft
