#ifndef GRAFT_CORE_TRAINING_DATA_DATASET_EXAMPLES_H_
#define GRAFT_CORE_TRAINING_DATA_DATASET_EXAMPLES_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "core/data/dataset_reader.h"
#include "core/data/split.h"
#include "core/inputs/input.h"
#include "core/training/data/training_data.h"

namespace graft::training {

// Examples of a dataset, decoded and prepared on threads of their own.
class DatasetExamples final : public ExampleSource {
 public:
  // `dataset` is borrowed and must outlive this and its streams.
  DatasetExamples(const data::DatasetReader* dataset, inputs::Input input, int threads)
      : dataset_(dataset), input_(std::move(input)), threads_(threads) {}

  // All batches but the last must be of one size.
  std::unique_ptr<ExampleStream> Open(std::vector<std::vector<ExampleRequest>> batches) override;

  const data::DatasetReader& dataset() const { return *dataset_; }
  const inputs::Input& input() const { return input_; }

 private:
  const data::DatasetReader* const dataset_;
  const inputs::Input input_;
  const int threads_;
};

// Splits the dataset as `split` says, for examples from `source` (borrowed). INVALID_ARGUMENT when
// a part of it has nothing to train on.
absl::StatusOr<TrainingData> MakeTrainingData(DatasetExamples* source,
                                              const data::SplitOptions& split);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_DATA_DATASET_EXAMPLES_H_
