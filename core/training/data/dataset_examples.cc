#include "core/training/data/dataset_examples.h"

#include <cstring>
#include <utility>
#include <variant>

#include <ATen/ATen.h>

#include "core/base/status_macros.h"
#include "core/data/batch_loader.h"

namespace graft::training {
namespace {

std::vector<int64_t> ShapeOf(const inputs::Input& input) {
  return std::visit([](const auto& each) { return each.shape(); }, input);
}

class LoadedStream final : public ExampleStream {
 public:
  LoadedStream(std::vector<int64_t> shape, const data::BatchLoader::Options& options,
               data::BatchLoader::Prepare prepare)
      : shape_(std::move(shape)), loader_(options, std::move(prepare)) {}

  absl::StatusOr<at::Tensor> Next() override {
    GRAFT_ASSIGN_OR_RETURN(const std::optional<data::ImageBatch> batch, loader_.Next());
    if (!batch.has_value()) return absl::InternalError("asked for a batch behind the last");
    std::vector<int64_t> shape = {static_cast<int64_t>(batch->positions.size())};
    shape.insert(shape.end(), shape_.begin(), shape_.end());
    at::Tensor examples = at::empty(shape);
    std::memcpy(examples.data_ptr<float>(), batch->values.data(),
                batch->values.size() * sizeof(float));
    return examples;
  }

 private:
  const std::vector<int64_t> shape_;  // of one example
  data::BatchLoader loader_;
};

std::vector<int64_t> Widen(const std::vector<int>& entries) {
  return {entries.begin(), entries.end()};
}

}  // namespace

std::unique_ptr<ExampleStream> DatasetExamples::Open(
    std::vector<std::vector<ExampleRequest>> batches) {
  const std::vector<int64_t> shape = ShapeOf(input_);
  data::BatchLoader::Options options;
  options.batch_size = batches.empty() ? 1 : static_cast<int>(batches.front().size());
  options.values_per_image = 1;
  for (const int64_t side : shape) options.values_per_image *= static_cast<size_t>(side);
  options.threads = threads_;
  std::vector<ExampleRequest> requests;
  for (const std::vector<ExampleRequest>& batch : batches) {
    requests.insert(requests.end(), batch.begin(), batch.end());
  }
  options.count = static_cast<int>(requests.size());
  return std::make_unique<LoadedStream>(
      shape, options, [this, requests = std::move(requests)](int position, float* out) {
        const ExampleRequest& request = requests[position];
        return std::visit(
            [&](const auto& input) {
              return input.Read(*dataset_, static_cast<int>(request.entry),
                                request.augmentation_seed, out);
            },
            input_);
      });
}

absl::StatusOr<TrainingData> MakeTrainingData(DatasetExamples* source,
                                              const data::SplitOptions& split) {
  const data::DatasetReader& dataset = source->dataset();
  GRAFT_ASSIGN_OR_RETURN(const data::DatasetSplits splits,
                         data::SplitDataset(dataset.manifest(), split));
  TrainingData data;
  data.entries = dataset.size();
  data.train = Widen(splits.train);
  data.validation = Widen(splits.validation);
  data.test = Widen(splits.test);
  data.dataset_digest = dataset.digest();
  data.plain_transform_digest =
      std::visit([](const auto& each) { return each.PlainDigest(); }, source->input());
  data.augmented_transform_digest =
      std::visit([](const auto& each) { return each.AugmentedDigest(); }, source->input());
  data.source = source;
  return data;
}

}  // namespace graft::training
