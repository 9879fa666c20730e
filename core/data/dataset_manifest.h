#ifndef GRAFT_CORE_DATA_DATASET_MANIFEST_H_
#define GRAFT_CORE_DATA_DATASET_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// Which part of a dataset an image belongs to.
enum class Split {
  kUnassigned,  // the archive had no folders for the parts
  kTrain,
  kValidation,
  kTest,
};

// "", "train", "validation", "test".
absl::string_view SplitName(Split split);

struct DatasetEntry {
  std::string name;  // in the archive
  int class_index = 0;
  Split split = Split::kUnassigned;
  uint64_t offset = 0;  // in images.bin
  uint64_t length = 0;  // bytes, at least 1
  std::string sha256;   // of the encoded image
  int width = 0;        // pixels, upright
  int height = 0;
};

struct SkippedEntry {
  std::string name;
  std::string reason;
};

// What an uploaded dataset holds. Two files: images.bin, the encoded images one behind the other,
// and this as JSON.
struct DatasetManifest {
  std::vector<std::string> classes;   // sorted; a label is an index into this
  std::vector<DatasetEntry> entries;  // sorted by name
  std::vector<SkippedEntry> skipped;  // the first few
  int64_t skipped_total = 0;
  std::vector<std::string> warnings;
  uint64_t bytes = 0;  // of images.bin

  bool HasSplit(Split split) const;
  // Images of a class, in all splits.
  int64_t CountOf(int class_index) const;
};

// SHA-256 over classes and over each entry's name, class, split and image: whatever kind of archive
// it came in, and in whatever order.
std::string DatasetDigest(const DatasetManifest& manifest);

std::string DatasetManifestToJson(const DatasetManifest& manifest);
// INVALID_ARGUMENT names what is wrong; every offset lies within `bytes`, every class index within
// `classes`.
absl::StatusOr<DatasetManifest> DatasetManifestFromJson(absl::string_view json);

}  // namespace graft

#endif  // GRAFT_CORE_DATA_DATASET_MANIFEST_H_
