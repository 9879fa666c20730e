#ifndef GRAFT_CORE_DATA_DATASET_MANIFEST_H_
#define GRAFT_CORE_DATA_DATASET_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::data {

// Which part of a dataset an image belongs to.
enum class Split {
  kUnassigned,  // the archive had no folders for the parts
  kTrain,
  kValidation,
  kTest,
};

// "", "train", "validation", "test".
absl::string_view SplitName(Split split);

// What is known of each image, and so what can be learned from the dataset.
enum class TargetKind {
  kClass,    // one of `classes`
  kLabels,   // any number of `classes`, none too
  kNumbers,  // one finite number for each of `numbers`
};

// "class", "labels", "numbers".
absl::string_view TargetKindName(TargetKind kind);

struct DatasetEntry {
  std::string name;             // in the archive
  int class_index = 0;          // of kClass, else 0
  std::vector<int> labels;      // of kLabels, else empty: indices into `classes`, ascending
  std::vector<double> numbers;  // of kNumbers, else empty: as many as DatasetManifest::numbers
  std::string group;            // entries of one group are never on two sides; "": in none
  Split split = Split::kUnassigned;
  uint64_t offset = 0;  // in images.bin; two entries may share their bytes
  uint64_t length = 0;  // bytes, at least 1
  std::string sha256;   // of the encoded image
  int width = 0;        // pixels as decoded, upright; of a very large JPEG a fraction of its own
  int height = 0;
};

struct SkippedEntry {
  std::string name;
  std::string reason;
};

// What an uploaded dataset holds. Two files: images.bin, the encoded images one behind the other,
// and this as JSON.
struct DatasetManifest {
  TargetKind targets = TargetKind::kClass;
  std::vector<std::string> classes;   // sorted; a label is an index into this; none of kNumbers
  std::vector<std::string> numbers;   // names of what is measured, in the order of the columns
  std::vector<DatasetEntry> entries;  // sorted by name
  std::vector<SkippedEntry> skipped;  // the first few
  int64_t skipped_total = 0;
  std::vector<std::string> warnings;
  uint64_t bytes = 0;  // of images.bin

  bool HasSplit(Split split) const;
  bool HasGroups() const;
  // Images of a class, in all splits. Of kLabels: with that label.
  int64_t CountOf(int class_index) const;
};

// SHA-256 over classes and over each entry's name, class, split and image: whatever kind of archive
// it came in, and in whatever order. Targets of other kinds and groups are part of it too.
std::string DatasetDigest(const DatasetManifest& manifest);

// Format 1 where each image has one class and there are no groups, else format 2, which adds
// "targets", "numbers", and of each entry "labels", "numbers" and "group".
std::string DatasetManifestToJson(const DatasetManifest& manifest);
// INVALID_ARGUMENT names what is wrong; every offset lies within `bytes`, every index within
// `classes`, and each entry has what its kind of target asks.
absl::StatusOr<DatasetManifest> DatasetManifestFromJson(absl::string_view json);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_DATASET_MANIFEST_H_
