#ifndef GRAFT_CORE_TRAINING_DATA_TRAINING_DATA_H_
#define GRAFT_CORE_TRAINING_DATA_TRAINING_DATA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

namespace graft::training {

// One example to load: which, and how it is augmented.
struct ExampleRequest {
  int64_t entry = 0;               // of the dataset
  uint64_t augmentation_seed = 0;  // 0: the plain example, as it will be served
};

// Batches of examples in the order asked for. Decoding runs ahead on threads of its own. Not safe
// for concurrent use.
class ExampleStream {
 public:
  virtual ~ExampleStream() = default;
  // The next batch, [batch, ...] float32, as the network's stage 0 takes it. DATA_LOSS names an
  // entry that cannot be read. Not to be called more often than there are batches.
  virtual absl::StatusOr<at::Tensor> Next() = 0;
};

// Loads and prepares examples. An example is a function of its request alone.
class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  virtual std::unique_ptr<ExampleStream> Open(std::vector<std::vector<ExampleRequest>> batches) = 0;
};

// What there is to learn from; what is to be learnt is the Task's. Entries are numbered as in the
// dataset.
struct TrainingData {
  int64_t entries = 0;                           // of the dataset
  std::vector<int64_t> train, validation, test;  // entries, ascending
  std::string dataset_digest;
  // Of how plain examples are prepared, and of how augmented ones are.
  std::string plain_transform_digest;
  std::string augmented_transform_digest;
  ExampleSource* source = nullptr;  // borrowed
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_DATA_TRAINING_DATA_H_
