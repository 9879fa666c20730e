#include "core/training/dataset_images.h"

#include <cstring>
#include <set>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/batch_loader.h"
#include "core/data/random.h"
#include "core/data/split.h"

namespace graft {
namespace {

class LoadedStream final : public ImageStream {
 public:
  LoadedStream(const InputSpec& input, const BatchLoader::Options& options,
               BatchLoader::Prepare prepare)
      : input_(input), loader_(options, std::move(prepare)) {}

  absl::StatusOr<at::Tensor> Next() override {
    GRAFT_ASSIGN_OR_RETURN(const std::optional<ImageBatch> batch, loader_.Next());
    if (!batch.has_value()) return absl::InternalError("asked for a batch behind the last");
    at::Tensor images =
        at::empty({static_cast<int64_t>(batch->positions.size()), 3, input_.height, input_.width});
    std::memcpy(images.data_ptr<float>(), batch->values.data(),
                batch->values.size() * sizeof(float));
    return images;
  }

 private:
  const InputSpec input_;
  BatchLoader loader_;
};

std::vector<int64_t> Widen(const std::vector<int>& entries) {
  return {entries.begin(), entries.end()};
}

}  // namespace

std::unique_ptr<ImageStream> DatasetImages::Open(std::vector<std::vector<ImageRequest>> batches) {
  BatchLoader::Options options;
  options.batch_size = batches.empty() ? 1 : static_cast<int>(batches.front().size());
  options.values_per_image = PreparedValues(input_);
  options.threads = threads_;
  std::vector<ImageRequest> requests;
  for (const std::vector<ImageRequest>& batch : batches) {
    requests.insert(requests.end(), batch.begin(), batch.end());
  }
  options.count = static_cast<int>(requests.size());
  return std::make_unique<LoadedStream>(
      input_, options,
      [this, requests = std::move(requests)](int position, float* out) -> absl::Status {
        const ImageRequest& request = requests[position];
        GRAFT_ASSIGN_OR_RETURN(const Image image,
                               dataset_->Decode(static_cast<int>(request.entry)));
        if (request.augmentation_seed == 0) {
          PrepareForEvaluation(image, input_, out);
        } else {
          Random random(request.augmentation_seed);
          PrepareForTraining(image, input_, augment_, random, out);
        }
        return absl::OkStatus();
      });
}

absl::StatusOr<TrainingData> MakeTrainingData(const DatasetReader& dataset,
                                              const FineTuneConfig& config, const InputSpec& input,
                                              DatasetImages* images) {
  const DatasetManifest& manifest = dataset.manifest();
  if (manifest.classes.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat("the dataset has ", manifest.classes.size(),
                                                   " class(es): two or more are needed"));
  }
  SplitOptions options;
  options.validation_fraction = config.data.validation_fraction.value_or(0);
  options.test_fraction = config.data.test_fraction.value_or(0);
  options.seed = config.training.seed.value_or(0);
  GRAFT_ASSIGN_OR_RETURN(const DatasetSplits splits, SplitDataset(manifest, options));
  TrainingData data;
  data.class_names = manifest.classes;
  for (const DatasetEntry& entry : manifest.entries) data.labels.push_back(entry.class_index);
  data.train = Widen(splits.train);
  data.validation = Widen(splits.validation);
  data.test = Widen(splits.test);
  data.dataset_digest = dataset.digest();
  data.plain_transform_digest = TransformDigest(input, nullptr);
  data.augmented_transform_digest = TransformDigest(input, &images->augment());
  data.images = images;
  return data;
}

DataSummary Summarise(const DatasetReader& dataset, const TrainingData& data) {
  DataSummary summary;
  summary.class_names = data.class_names;
  summary.train_images.assign(data.class_names.size(), 0);
  std::set<std::string> trained_on;
  for (int64_t entry : data.train) {
    ++summary.train_images[data.labels[entry]];
    trained_on.insert(dataset.manifest().entries[entry].sha256);
  }
  summary.validation_images = static_cast<int64_t>(data.validation.size());
  std::vector<int64_t> validated(data.class_names.size(), 0);
  for (int64_t entry : data.validation) ++validated[data.labels[entry]];
  for (size_t c = 0; c < validated.size() && !data.validation.empty(); ++c) {
    if (validated[c] == 0) summary.classes_without_validation.push_back(data.class_names[c]);
  }
  for (const std::vector<int64_t>* part : {&data.validation, &data.test}) {
    for (int64_t entry : *part) {
      const DatasetEntry& held_out = dataset.manifest().entries[entry];
      if (trained_on.count(held_out.sha256) == 0) continue;
      ++summary.duplicates_across_parts;
      if (summary.duplicate_example.empty()) summary.duplicate_example = held_out.name;
    }
  }
  return summary;
}

}  // namespace graft
