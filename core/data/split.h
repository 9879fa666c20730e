#ifndef GRAFT_CORE_DATA_SPLIT_H_
#define GRAFT_CORE_DATA_SPLIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/data/dataset_manifest.h"

namespace graft::data {

struct SplitOptions {
  // Of each class, where the archive had no folder for the part. In [0, 0.9], together below 1.
  double validation_fraction = 0.2;
  double test_fraction = 0;
  uint64_t seed = 0;
};

// Indices of entries; each entry is in exactly one.
struct DatasetSplits {
  std::vector<int> train;
  std::vector<int> validation;
  std::vector<int> test;
  // A class without validation images, a picture in two parts: the first few of each, and how many
  // classes more.
  std::vector<std::string> warnings;
};

// Parts that the dataset came with are respected; one it lacks is drawn from the training images:
// class by class (stratified), and so that a group stays on one side. Every class keeps at least
// one image (or group) to train on, and gives at least one to each part drawn if it has enough. Of
// several labels an image each is shared out as well as it can be (stratify.h), of numbers each
// range of the first: ten of them, fewer where images are few. A function of its arguments alone.
// INVALID_ARGUMENT: a fraction makes no sense, or a class or label has no training image.
absl::StatusOr<DatasetSplits> SplitDataset(const DatasetManifest& manifest,
                                           const SplitOptions& options);

// Fold `fold` of `folds`: its share of each class is the validation part, the rest trains. Parts
// that the dataset came with are ignored, groups are not. For cross-validation. INVALID_ARGUMENT:
// no such fold, or a class of one image (or one group), which some fold would not learn from.
absl::StatusOr<DatasetSplits> SplitFold(const DatasetManifest& manifest, int folds, int fold,
                                        uint64_t seed);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_SPLIT_H_
