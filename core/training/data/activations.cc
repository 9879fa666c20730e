#include "core/training/data/activations.h"

#include <algorithm>
#include <cstring>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/random.h"
#include "core/nn/placement.h"
#include "core/nn/torch_error.h"

namespace graft::training {
namespace {

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
    const features::FeatureShape& shape = owner_->blocks_.at({stage_, batch.front().view})->shape();
    at::Tensor out = at::empty(BatchShape(static_cast<int64_t>(batch.size()), shape.row_shape));
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
    std::vector<std::vector<ExampleRequest>> requests;
    requests.reserve(batches.size());
    for (const std::vector<Sample>& batch : batches) {
      std::vector<ExampleRequest>& images = requests.emplace_back();
      for (const Sample& sample : batch) {
        images.push_back({sample.entry, owner->AugmentationSeed(sample)});
      }
    }
    images_ = owner->data_->source->Open(std::move(requests));
  }

  absl::StatusOr<at::Tensor> Next() override {
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor images, images_->Next());
    return owner_->Run(images, 0, stage_);
  }

 private:
  Activations* const owner_;
  const int stage_;
  std::unique_ptr<ExampleStream> images_;
};

Activations::Activations(TrainableNetwork* network, const TrainingData* data,
                         features::FeatureCache* cache, std::string backbone_digest, uint64_t seed,
                         RunContext* context, uint64_t max_in_memory)
    : network_(network),
      data_(data),
      cache_(cache),
      backbone_digest_(std::move(backbone_digest)),
      seed_(seed),
      context_(context),
      memory_left_(max_in_memory),
      train_row_(static_cast<size_t>(data->entries), -1) {
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
  return std::max<uint64_t>(1, data::Random::For({seed_, static_cast<uint64_t>(sample.view),
                                                  static_cast<uint64_t>(sample.entry)})
                                   .Next());
}

int64_t Activations::RowOf(const Sample& sample) const {
  return sample.view == 0 ? sample.entry : train_row_[sample.entry];
}

absl::StatusOr<at::Tensor> Activations::Run(const at::Tensor& x, int from, int stage) {
  if (from == stage) return x;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : x.split(network_->forward_batch(from, stage))) {
    GRAFT_RETURN_IF_ERROR(context_->Poll());
    context_->counters.backbone_forward_images += part.size(0);
    parts.push_back(stage == network_->stages() ? network_->HeadInput(part, from)
                                                : network_->Forward(part, from, stage));
  }
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

int Activations::evaluation_batch(int stage) const {
  return network_->forward_batch(Has(stage, 0) ? stage : 0, network_->stages());
}

features::FeatureShape Activations::ShapeOf(int stage, int view) const {
  const auto train = static_cast<int64_t>(data_->train.size());
  return {view == 0 ? data_->entries : train, network_->input_shape(stage)};
}

int Activations::views(int stage) const {
  int views = 0;
  while (Has(stage, views + 1)) ++views;
  return views;
}

std::vector<recipes::CutPlan> Activations::Plan(const std::set<int>& stages, int views) const {
  std::vector<recipes::CutSize> sizes;
  for (const int stage : stages) {
    const auto bytes = [&](int view) {
      const features::FeatureShape shape = ShapeOf(stage, view);
      return cache_ != nullptr ? cache_->BytesFor(shape) : shape.bytes();
    };
    sizes.push_back({stage, bytes(0), bytes(1)});
  }
  return recipes::PlanFeatures(sizes, views, cache_ != nullptr ? cache_->max_bytes() : 0,
                               memory_left_);
}

absl::Status Activations::Compute(int stage, int view, int64_t begin, int64_t end,
                                  features::FeatureSink& sink) {
  // The highest stage below whose activations are at hand, or the images.
  int from = 0;
  for (int lower = stage - 1; lower > 0 && from == 0; --lower) {
    if (Has(lower, view)) from = lower;
  }
  std::vector<Sample> samples;
  samples.reserve(static_cast<size_t>(end - begin));
  for (int64_t row = begin; row < end; ++row) {
    samples.push_back({view == 0 ? row : data_->train[row], view});
  }
  const std::vector<std::vector<Sample>> batches =
      InBatches(samples, network_->forward_batch(from, stage));
  std::unique_ptr<SampleStream> stream = Open(from, batches);
  network_->SetMode(network_->stages(), /*training=*/false,
                    recipes::BatchNormMode::kFrozenStatistics);
  int64_t done = begin;
  for (const std::vector<Sample>& batch : batches) {
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor x, stream->Next());
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor computed, Run(x, from, stage));
    const at::Tensor out = nn::OnHost(computed);
    GRAFT_RETURN_IF_ERROR(sink.Append({out.data_ptr<float>(), static_cast<size_t>(out.numel())}));
    done += static_cast<int64_t>(batch.size());
    context_->AddWork(static_cast<double>(batch.size()) * (stage - from) / network_->stages());
    TrainingProgress progress;
    progress.stage = "features";
    progress.steps_done = done;
    progress.steps_total = ShapeOf(stage, view).rows;
    context_->PublishProgress(progress);
    context_->PublishCounters();
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Activations::PrepareBlock(int stage, int view, recipes::FeaturePlace place) {
  if (Has(stage, view)) return true;
  const features::FeatureShape shape = ShapeOf(stage, view);
  const features::FeatureKey key{
      data_->dataset_digest,
      view == 0 ? "all" : train_digest_,
      backbone_digest_,
      view == 0 ? data_->plain_transform_digest : data_->augmented_transform_digest,
      CutName(stage),
      view};
  const double work = context_->done_work();
  int64_t computed = 0;
  int64_t reached = 0;
  const features::FeatureProducer produce = [&](int64_t begin, int64_t end,
                                                features::FeatureSink& sink) -> absl::Status {
    // What lies before was found.
    context_->AddEarlierWork(static_cast<double>(std::max<int64_t>(begin - reached, 0)));
    reached = end;
    computed += end - begin;
    context_->counters.feature_cache_misses += end - begin;
    try {
      return Compute(stage, view, begin, end, sink);
    } catch (const std::exception& e) {
      return nn::TorchErrorStatus("computing features", e);
    }
  };
  absl::StatusOr<std::shared_ptr<const features::FeatureBlock>> block =
      place == recipes::FeaturePlace::kCache
          ? cache_->GetOrCompute(
                key, shape, produce, [this] { return context_->Poll(); }, memory_left_)
          : features::ComputeInMemory(shape, produce, memory_left_);
  if (features::IsTooLargeForMemory(block.status())) return false;
  GRAFT_RETURN_IF_ERROR(block.status());
  context_->counters.feature_cache_hits += std::max<int64_t>(shape.rows - computed, 0);
  // Found, or computed from a lower stage: the rest of what was reckoned with is done as well.
  const double reckoned = static_cast<double>(shape.rows);
  context_->AddEarlierWork(std::max(0.0, reckoned - (context_->done_work() - work)));
  if (cache_ != nullptr) {
    context_->counters.feature_cache_bytes = static_cast<int64_t>(cache_->bytes());
  }
  context_->PublishCounters();
  const uint64_t held = (*block)->bytes_in_memory();
  memory_left_ -= std::min(memory_left_, held);
  if (place == recipes::FeaturePlace::kCache && held > 0) {
    context_->observer().OnLog(absl::StrCat(
        "the feature cache could not be written to: ", held,
        " bytes of features are held in memory, and the next job computes them again"));
  }
  blocks_[{stage, view}] = *std::move(block);
  return true;
}

absl::Status Activations::Prepare(const recipes::CutPlan& plan) {
  for (size_t view = 0; view < plan.places.size(); ++view) {
    GRAFT_ASSIGN_OR_RETURN(const bool kept,
                           PrepareBlock(plan.stage, static_cast<int>(view), plan.places[view]));
    if (!kept) break;
  }
  return absl::OkStatus();
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
  const features::FeatureBlock& block = *blocks_.at({stage, view});
  at::Tensor out =
      at::empty(BatchShape(static_cast<int64_t>(entries.size()), block.shape().row_shape));
  float* to = out.data_ptr<float>();
  for (int64_t entry : entries) {
    const auto row = block.row(RowOf({entry, view}));
    std::memcpy(to, row.data(), row.size() * sizeof(float));
    to += row.size();
  }
  return out;
}

}  // namespace graft::training
