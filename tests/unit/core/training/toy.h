#ifndef GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_H_
#define GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include "absl/strings/str_cat.h"

#include "core/training/data/training_data.h"
#include "core/training/network/trainable_network.h"
#include "core/training/observer.h"
#include "core/training/state/checkpoint_store.h"

namespace graft::training {

// A layer's weight and bias as PyTorch draws them: uniform within 1 / sqrt(inputs of one output).
struct ToyLayer {
  explicit ToyLayer(at::IntArrayRef shape) : weight(at::empty(shape)), bias(at::empty({shape[0]})) {
    const double bound =
        1 / std::sqrt(static_cast<double>(weight.numel()) / static_cast<double>(shape[0]));
    weight.uniform_(-bound, bound);
    bias.uniform_(-bound, bound);
  }
  at::Tensor weight, bias;
};

struct ToyNorm {
  at::Tensor weight = at::ones({6}), bias = at::zeros({6});
  at::Tensor running_mean = at::zeros({6}), running_var = at::ones({6});
  bool training = false;
};

// Three stages of convolution, BatchNorm and ReLU over 8 x 8 images, and a head. The "pretrained"
// weights come from a fixed seed.
class ToyNetwork final : public TrainableNetwork {
 public:
  explicit ToyNetwork(int classes, double dropout = 0, uint64_t head_seed = 0) : dropout_(dropout) {
    at::manual_seed(7);
    for (int i = 0; i < 3; ++i) {
      convolutions_.push_back(ToyLayer({6, i == 0 ? 3 : 6, 3, 3}));
      norms_.emplace_back();
    }
    at::manual_seed(100 + head_seed);
    head_.push_back(ToyLayer({classes, 6}));
    // A head is always trained.
    head_.front().weight.set_requires_grad(true);
    head_.front().bias.set_requires_grad(true);
  }

  int stages() const override { return 3; }
  std::string stage_name(int stage) const override { return absl::StrCat("stage", stage); }
  at::Tensor Forward(const at::Tensor& x, int from, int to) override {
    at::Tensor out = x;
    if (!at::GradMode::is_enabled()) largest = std::max(largest, x.size(0));
    if (at::GradMode::is_enabled() && x.size(0) > memory) {
      throw c10::OutOfMemoryError({__func__, __FILE__, 0}, "out of memory");
    }
    for (int i = from; i < to; ++i) {
      forwards[i] += x.size(0);
      const ToyNorm& norm = norms_[i];
      out = at::conv2d(out, convolutions_[i].weight, convolutions_[i].bias, i == 0 ? 1 : 2, 1);
      out = at::relu(at::batch_norm(out, norm.weight, norm.bias, norm.running_mean,
                                    norm.running_var, norm.training, 0.1, 1e-5, false));
    }
    return out;
  }
  at::Tensor HeadInput(const at::Tensor& x, int from) override {
    return Forward(x, from, stages()).mean({2, 3});
  }
  std::string head_input_name() const override { return "pooled"; }
  at::Tensor Head(const at::Tensor& x) override {
    return at::linear(at::dropout(x, dropout_, training_), head_.front().weight,
                      head_.front().bias);
  }
  std::vector<int64_t> input_shape(int stage) const override {
    const std::vector<std::vector<int64_t>> shapes = {{3, 8, 8}, {6, 8, 8}, {6, 4, 4}, {6}};
    return shapes[stage];
  }
  int forward_batch(int, int) const override { return batch; }
  std::vector<TrainedTensor> tensors(int stage) const override {
    if (stage == 3) {
      return {{"head.weight", head_.front().weight, true, true},
              {"head.bias", head_.front().bias, true, false}};
    }
    const std::string name = stage_name(stage);
    return {{name + ".conv.weight", convolutions_[stage].weight, true, true},
            {name + ".conv.bias", convolutions_[stage].bias, true, false},
            {name + ".bn.weight", norms_[stage].weight, true, false},
            {name + ".bn.bias", norms_[stage].bias, true, false},
            {name + ".bn.running_mean", norms_[stage].running_mean, false, false},
            {name + ".bn.running_var", norms_[stage].running_var, false, false}};
  }
  void SetMode(int first, bool training, recipes::BatchNormMode batch_norm) override {
    training_ = training;
    for (int i = 0; i < 3; ++i) {
      const bool trained = i >= first;
      for (at::Tensor* parameter :
           {&convolutions_[i].weight, &convolutions_[i].bias, &norms_[i].weight, &norms_[i].bias}) {
        parameter->set_requires_grad(trained);
      }
      norms_[i].training =
          trained && training && batch_norm == recipes::BatchNormMode::kBatchStatistics;
    }
  }

  std::map<std::string, at::Tensor> All() const {
    std::map<std::string, at::Tensor> all;
    for (int stage = 0; stage <= 3; ++stage) {
      for (const TrainedTensor& tensor : tensors(stage)) {
        all.emplace(tensor.name, tensor.tensor.detach().clone());
      }
    }
    return all;
  }

  std::map<int, int64_t> forwards;  // images through each stage
  int64_t largest = 0;              // of the batches that Forward was given without gradients
  int64_t memory = std::numeric_limits<int64_t>::max();  // images that can be trained at a time
  int batch = 32;                                        // what forward_batch answers

 private:
  const double dropout_;
  bool training_ = false;
  std::vector<ToyLayer> convolutions_;
  std::vector<ToyNorm> norms_;
  std::vector<ToyLayer> head_;  // one
};

// Stripes whose direction and colour tell the class, under noise that the entry's number seeds.
class ToyImages final : public ExampleSource {
 public:
  explicit ToyImages(std::vector<int64_t> labels, float noise = 0.3f)
      : labels_(std::move(labels)), noise_(noise) {}

  std::unique_ptr<ExampleStream> Open(std::vector<std::vector<ExampleRequest>> batches) override {
    class Stream final : public ExampleStream {
     public:
      Stream(ToyImages* owner, std::vector<std::vector<ExampleRequest>> batches)
          : owner_(owner), batches_(std::move(batches)) {}
      absl::StatusOr<at::Tensor> Next() override {
        std::vector<at::Tensor> images;
        for (const ExampleRequest& request : batches_[next_])
          images.push_back(owner_->Make(request));
        ++next_;
        return at::stack(images);
      }

     private:
      ToyImages* const owner_;
      const std::vector<std::vector<ExampleRequest>> batches_;
      size_t next_ = 0;
    };
    return std::make_unique<Stream>(this, std::move(batches));
  }

  at::Tensor Make(const ExampleRequest& request) {
    ++loaded;
    if (request.augmentation_seed != 0)
      augmentations[request.entry].insert(request.augmentation_seed);
    // A generator of its own: the process's belongs to training.
    at::Generator generator = at::detail::createCPUGenerator(1'000 + request.entry);
    at::Tensor image = at::randn({3, 8, 8}, generator) * noise_;
    const int64_t label = labels_[request.entry];
    const at::Tensor stripes = at::arange(8).remainder(2).to(at::kFloat);
    image[label % 3] += label % 2 == 0 ? stripes.unsqueeze(0) : stripes.unsqueeze(1);
    if (request.augmentation_seed % 2 == 1) image = image.flip({2});
    return image;
  }

  int64_t loaded = 0;
  std::map<int64_t, std::set<uint64_t>> augmentations;  // seeds that were asked for, by entry

 private:
  const std::vector<int64_t> labels_;
  const float noise_;
};

// Of so many images, the label of each: three classes in turn.
inline std::vector<int64_t> ToyLabels(int64_t images) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < images; ++i) labels.push_back(i % 3);
  return labels;
}

// `per_class` images of each of 3 classes; every fifth is for validation, every seventh for test.
inline TrainingData ToyData(int per_class) {
  TrainingData data;
  data.entries = int64_t{3} * per_class;
  for (int64_t i = 0; i < data.entries; ++i) {
    (i % 5 == 4 ? data.validation : i % 7 == 6 ? data.test : data.train).push_back(i);
  }
  data.dataset_digest = "toy";
  data.plain_transform_digest = "plain";
  data.augmented_transform_digest = "augmented";
  return data;
}

class MemoryCheckpoints final : public CheckpointStore {
 public:
  absl::Status Save(int epoch, absl::string_view bytes) override {
    if (refuse.ok()) saved[epoch] = std::string(bytes);
    return refuse;
  }
  absl::StatusOr<std::vector<std::string>> List() override {
    std::vector<std::string> ids;
    for (auto it = saved.rbegin(); it != saved.rend(); ++it) ids.push_back(absl::StrCat(it->first));
    return ids;
  }
  absl::StatusOr<std::string> Load(const std::string& id) override { return saved[std::stoi(id)]; }

  std::map<int, std::string> saved;  // by epoch
  absl::Status refuse;
};

class RecordingObserver final : public TrainingObserver {
 public:
  void OnPhaseStarted(const PhaseStarted& phase) override { phases.push_back(phase); }
  void OnEpoch(const EpochMetrics& metrics) override { epochs.push_back(metrics); }
  void OnCheckpoint(const CheckpointSaved& saved) override { checkpoints.push_back(saved); }
  void OnWarning(const tasks::TrainingWarning& warning) override {
    warnings.push_back(warning.code);
  }
  void OnLog(const std::string& line) override { logs.push_back(line); }
  void OnProgress(const TrainingProgress& at) override { progress.push_back(at); }

  std::vector<PhaseStarted> phases;
  std::vector<EpochMetrics> epochs;
  std::vector<CheckpointSaved> checkpoints;
  std::vector<std::string> warnings;
  std::vector<std::string> logs;
  std::vector<TrainingProgress> progress;
};

}  // namespace graft::training

#endif  // GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_H_
