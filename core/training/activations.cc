#include "core/training/activations.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <torch/torch.h>

#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/random.h"
#include "core/nn/torch_error.h"

namespace graft {
namespace {

constexpr uint64_t kMaxInMemory = uint64_t{2} << 30;

std::vector<int64_t> BatchShape(int64_t batch, const std::vector<int64_t>& row) {
  std::vector<int64_t> shape = {batch};
  shape.insert(shape.end(), row.begin(), row.end());
  return shape;
}

template <typename T>
std::vector<std::vector<T>> InBatches(const std::vector<T>& items, int64_t batch) {
  std::vector<std::vector<T>> batches;
  for (size_t begin = 0; begin < items.size(); begin += static_cast<size_t>(batch)) {
    const size_t end = std::min(items.size(), begin + static_cast<size_t>(batch));
    batches.emplace_back(items.begin() + static_cast<int64_t>(begin),
                         items.begin() + static_cast<int64_t>(end));
  }
  return batches;
}

}  // namespace

// Gathers rows of blocks.
class BlockStream final : public SampleStream {
 public:
  BlockStream(const Activations* owner, int stage, std::vector<std::vector<Sample>> batches)
      : owner_(owner), stage_(stage), batches_(std::move(batches)) {}

  absl::StatusOr<at::Tensor> Next() override {
    const std::vector<Sample>& batch = batches_[next_++];
    const FeatureShape& shape = owner_->blocks_.at({stage_, batch.front().view})->shape();
    at::Tensor out = torch::empty(BatchShape(static_cast<int64_t>(batch.size()), shape.row_shape));
    float* to = out.data_ptr<float>();
    for (const Sample& sample : batch) {
      const auto row = owner_->blocks_.at({stage_, sample.view})->row(owner_->RowOf(sample));
      std::memcpy(to, row.data(), row.size() * sizeof(float));
      to += row.size();
    }
    return out;
  }

 private:
  const Activations* const owner_;
  const int stage_;
  const std::vector<std::vector<Sample>> batches_;
  size_t next_ = 0;
};

// Runs the stages below on images as they come.
class ComputingStream final : public SampleStream {
 public:
  ComputingStream(Activations* owner, int stage, const std::vector<std::vector<Sample>>& batches)
      : owner_(owner), stage_(stage) {
    std::vector<std::vector<ImageRequest>> requests;
    requests.reserve(batches.size());
    for (const std::vector<Sample>& batch : batches) {
      std::vector<ImageRequest>& images = requests.emplace_back();
      for (const Sample& sample : batch) {
        images.push_back({sample.entry, owner->AugmentationSeed(sample)});
      }
    }
    images_ = owner->data_->images->Open(std::move(requests));
  }

  absl::StatusOr<at::Tensor> Next() override {
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor images, images_->Next());
    return owner_->Run(images, 0, stage_);
  }

 private:
  Activations* const owner_;
  const int stage_;
  std::unique_ptr<ImageStream> images_;
};

Activations::Activations(TrainableNetwork* network, const TrainingData* data, FeatureCache* cache,
                         std::string backbone_digest, uint64_t seed, RunContext* context)
    : network_(network),
      data_(data),
      cache_(cache),
      backbone_digest_(std::move(backbone_digest)),
      seed_(seed),
      context_(context),
      train_row_(data->labels.size(), -1) {
  Sha256 hash;
  for (size_t i = 0; i < data->train.size(); ++i) {
    train_row_[data->train[i]] = static_cast<int64_t>(i);
    hash.Update(absl::StrCat(data->train[i], ","));
  }
  hash.Update(absl::StrCat("seed ", seed));
  train_digest_ = hash.FinishHex();
}

std::string Activations::CutName(int stage) const {
  std::string name = absl::StrCat("after:", stage == 0 ? "" : network_->stage_name(stage - 1));
  if (stage == network_->stages()) absl::StrAppend(&name, ":", network_->head_input_name());
  return name;
}

uint64_t Activations::AugmentationSeed(const Sample& sample) const {
  if (sample.view == 0) return 0;
  // 0 stands for the plain image.
  return std::max<uint64_t>(1, Random::For({seed_, static_cast<uint64_t>(sample.view),
                                            static_cast<uint64_t>(sample.entry)})
                                   .Next());
}

int64_t Activations::RowOf(const Sample& sample) const {
  return sample.view == 0 ? sample.entry : train_row_[sample.entry];
}

absl::StatusOr<at::Tensor> Activations::Run(const at::Tensor& x, int from, int stage) {
  if (from == stage) return x;
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (at::Tensor part : x.split(network_->forward_batch(from, stage))) {
    GRAFT_RETURN_IF_ERROR(context_->Poll());
    context_->counters.backbone_forward_images += part.size(0);
    part = network_->Forward(part, from, stage);
    parts.push_back(stage == network_->stages() ? network_->HeadInput(part) : part);
  }
  return parts.size() == 1 ? parts.front() : torch::cat(parts);
}

int Activations::evaluation_batch(int stage) const {
  return network_->forward_batch(Has(stage, 0) ? stage : 0, network_->stages());
}

absl::Status Activations::Compute(int stage, int view, const std::vector<int64_t>& entries,
                                  FeatureSink& sink) {
  // The highest stage below whose activations are at hand, or the images.
  int from = 0;
  for (int lower = stage - 1; lower > 0 && from == 0; --lower) {
    if (Has(lower, view)) from = lower;
  }
  std::vector<Sample> samples;
  samples.reserve(entries.size());
  for (int64_t entry : entries) samples.push_back({entry, view});
  const std::vector<std::vector<Sample>> batches =
      InBatches(samples, network_->forward_batch(from, stage));
  std::unique_ptr<SampleStream> stream = Open(from, batches);
  network_->SetMode(network_->stages(), /*training=*/false, BatchNormMode::kFrozenStatistics);
  int64_t done = 0;
  for (const std::vector<Sample>& batch : batches) {
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor x, stream->Next());
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor computed, Run(x, from, stage));
    const at::Tensor out = computed.contiguous();
    GRAFT_RETURN_IF_ERROR(sink.Append({out.data_ptr<float>(), static_cast<size_t>(out.numel())}));
    done += static_cast<int64_t>(batch.size());
    context_->AddWork(static_cast<double>(batch.size()) * (stage - from) / network_->stages());
    TrainingProgress progress;
    progress.stage = "features";
    progress.steps_done = done;
    progress.steps_total = static_cast<int64_t>(entries.size());
    context_->PublishProgress(progress);
    context_->PublishCounters();
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Activations::PrepareBlock(int stage, int view) {
  if (Has(stage, view)) return true;
  std::vector<int64_t> entries = data_->train;
  if (view == 0) {
    entries.resize(data_->labels.size());
    std::iota(entries.begin(), entries.end(), 0);
  }
  const FeatureShape shape{static_cast<int64_t>(entries.size()), network_->input_shape(stage)};
  const bool keep = cache_ != nullptr ? cache_->Fits(shape) : shape.bytes() <= kMaxInMemory;
  if (!keep) return false;

  const FeatureKey key{
      data_->dataset_digest,
      view == 0 ? "all" : train_digest_,
      backbone_digest_,
      view == 0 ? data_->plain_transform_digest : data_->augmented_transform_digest,
      CutName(stage),
      view};
  const FeatureProducer produce = [&](FeatureSink& sink) -> absl::Status {
    context_->counters.feature_cache_misses += shape.rows;
    try {
      return Compute(stage, view, entries, sink);
    } catch (const std::exception& e) {
      return TorchErrorStatus("computing features", e);
    }
  };
  const int64_t misses = context_->counters.feature_cache_misses;
  const double work = context_->done_work();
  absl::StatusOr<std::shared_ptr<const FeatureBlock>> block =
      cache_ != nullptr
          ? cache_->GetOrCompute(key, shape, produce, [this] { return context_->Poll(); })
          : ComputeInMemory(shape, produce);
  GRAFT_RETURN_IF_ERROR(block.status());
  if (context_->counters.feature_cache_misses == misses) {
    context_->counters.feature_cache_hits += shape.rows;
  }
  // Found, or computed from a lower stage: the rest of what was reckoned with is done as well.
  const double reckoned = static_cast<double>(shape.rows);
  context_->AddEarlierWork(std::max(0.0, reckoned - (context_->done_work() - work)));
  if (cache_ != nullptr) {
    context_->counters.feature_cache_bytes = static_cast<int64_t>(cache_->bytes());
  }
  context_->PublishCounters();
  blocks_[{stage, view}] = *std::move(block);
  return true;
}

absl::StatusOr<bool> Activations::Prepare(int stage, int views) {
  for (int view = 0; view <= views; ++view) {
    GRAFT_ASSIGN_OR_RETURN(const bool kept, PrepareBlock(stage, view));
    if (!kept) return false;
  }
  return true;
}

std::unique_ptr<SampleStream> Activations::Open(int stage,
                                                std::vector<std::vector<Sample>> batches) {
  bool kept = true;
  for (const std::vector<Sample>& batch : batches) {
    for (const Sample& sample : batch) kept = kept && Has(stage, sample.view);
  }
  if (kept) return std::make_unique<BlockStream>(this, stage, std::move(batches));
  return std::make_unique<ComputingStream>(this, stage, batches);
}

at::Tensor Activations::Rows(int stage, int view, const std::vector<int64_t>& entries) const {
  const FeatureBlock& block = *blocks_.at({stage, view});
  at::Tensor out =
      torch::empty(BatchShape(static_cast<int64_t>(entries.size()), block.shape().row_shape));
  float* to = out.data_ptr<float>();
  for (int64_t entry : entries) {
    const auto row = block.row(RowOf({entry, view}));
    std::memcpy(to, row.data(), row.size() * sizeof(float));
    to += row.size();
  }
  return out;
}

}  // namespace graft
