#ifndef GRAFT_CORE_DATA_DATASET_READER_H_
#define GRAFT_CORE_DATA_DATASET_READER_H_

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/base/files.h"
#include "core/data/dataset_manifest.h"
#include "core/image/image.h"

namespace graft::data {

// A stored dataset: its manifest, and its images memory-mapped.
// Immutable; safe for concurrent use.
class DatasetReader {
 public:
  // DATA_LOSS where the files do not belong together or are not `digest`, if one is given.
  static absl::StatusOr<std::unique_ptr<DatasetReader>> Open(const std::filesystem::path& images,
                                                             absl::string_view manifest_json,
                                                             absl::string_view digest = "");

  const DatasetManifest& manifest() const { return manifest_; }
  const std::string& digest() const { return digest_; }
  int size() const { return static_cast<int>(manifest_.entries.size()); }

  // The encoded image of entry `index`, which must be below size().
  absl::string_view Encoded(int index) const;

  // The image of entry `index`, decoded, however large a server once accepted it. Errors name the
  // entry. DATA_LOSS: its bytes are not those that were uploaded.
  absl::StatusOr<image::Image> Decode(int index) const;

 private:
  DatasetReader(DatasetManifest manifest, std::string digest, std::unique_ptr<MappedFile> images)
      : manifest_(std::move(manifest)), digest_(std::move(digest)), images_(std::move(images)) {}

  const DatasetManifest manifest_;
  const std::string digest_;
  const std::unique_ptr<MappedFile> images_;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_DATASET_READER_H_
