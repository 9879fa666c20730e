#ifndef GRAFT_BENCH_FOLDER_DATASET_H_
#define GRAFT_BENCH_FOLDER_DATASET_H_

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

#include "core/data/dataset_reader.h"

namespace graft {

// A folder of class folders of images as a dataset, with fold `fold` of `folds` (dealt out class by
// class from a fixed shuffle) as the test part. `scratch` is a folder for its images.bin.
absl::StatusOr<std::unique_ptr<data::DatasetReader>> OpenFolder(
    const std::filesystem::path& folder, const std::filesystem::path& scratch, int folds, int fold,
    uint64_t seed);

}  // namespace graft

#endif  // GRAFT_BENCH_FOLDER_DATASET_H_
