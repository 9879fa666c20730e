#ifndef GRAFT_CORE_TRAINING_DATASET_IMAGES_H_
#define GRAFT_CORE_TRAINING_DATASET_IMAGES_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "core/data/dataset_reader.h"
#include "core/data/transforms.h"
#include "core/model/input_spec.h"
#include "core/recipes/fine_tune_config.h"
#include "core/training/training_data.h"
#include "core/training/warnings.h"

namespace graft {

// Images of a dataset, decoded and prepared on threads of their own.
class DatasetImages final : public ImageSource {
 public:
  // `dataset` is borrowed and must outlive this and its streams.
  DatasetImages(const DatasetReader* dataset, InputSpec input, int threads)
      : dataset_(dataset), input_(input), threads_(threads) {}

  // All batches but the last must be of one size.
  std::unique_ptr<ImageStream> Open(std::vector<std::vector<ImageRequest>> batches) override;

  const AugmentOptions& augment() const { return augment_; }

 private:
  const DatasetReader* const dataset_;
  const InputSpec input_;
  const int threads_;
  const AugmentOptions augment_;
};

// Splits the dataset as `config` says, for images from `images` (borrowed). INVALID_ARGUMENT when
// there are fewer than two classes, or one has nothing to train on.
absl::StatusOr<TrainingData> MakeTrainingData(const DatasetReader& dataset,
                                              const FineTuneConfig& config, const InputSpec& input,
                                              DatasetImages* images);

// Counts for DataWarnings.
DataSummary Summarise(const DatasetReader& dataset, const TrainingData& data);

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_DATASET_IMAGES_H_
