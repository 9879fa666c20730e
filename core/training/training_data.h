#ifndef GRAFT_CORE_TRAINING_TRAINING_DATA_H_
#define GRAFT_CORE_TRAINING_TRAINING_DATA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

namespace graft {

// One image to load: which, and how it is augmented.
struct ImageRequest {
  int64_t entry = 0;               // of the dataset
  uint64_t augmentation_seed = 0;  // 0: the plain image, as it will be served
};

// Batches of images in the order asked for. Decoding runs ahead on threads of its own. Not safe
// for concurrent use.
class ImageStream {
 public:
  virtual ~ImageStream() = default;
  // The next batch, [batch, channels, height, width] float32. DATA_LOSS names an image that cannot
  // be read. Not to be called more often than there are batches.
  virtual absl::StatusOr<at::Tensor> Next() = 0;
};

// Loads and prepares images. An image is a function of its request alone.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual std::unique_ptr<ImageStream> Open(std::vector<std::vector<ImageRequest>> batches) = 0;
};

// What there is to learn from. Entries are numbered as in the dataset.
struct TrainingData {
  std::vector<std::string> class_names;
  std::vector<int64_t> labels;                   // of every entry
  std::vector<int64_t> train, validation, test;  // entries, ascending
  std::string dataset_digest;
  // Of how plain images are prepared, and of how augmented ones are.
  std::string plain_transform_digest;
  std::string augmented_transform_digest;
  ImageSource* images = nullptr;  // borrowed
};

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_TRAINING_DATA_H_
