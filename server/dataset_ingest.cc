#include "server/dataset_ingest.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"

#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/data/ingest.h"
#include "wire/status.h"

namespace graft {
namespace {

// What the API says of a manifest.
v1::Dataset Describe(const DatasetManifest& manifest) {
  v1::Dataset dataset;
  dataset.set_digest(DatasetDigest(manifest));
  dataset.set_images(static_cast<int64_t>(manifest.entries.size()));
  dataset.set_bytes(static_cast<int64_t>(manifest.bytes));
  for (const std::string& name : manifest.classes) dataset.add_classes()->set_name(name);
  for (const DatasetEntry& entry : manifest.entries) {
    v1::DatasetClass* made = dataset.mutable_classes(entry.class_index);
    made->set_images(made->images() + 1);
    switch (entry.split) {
      case Split::kUnassigned:
        break;
      case Split::kTrain:
        made->set_train_images(made->train_images() + 1);
        break;
      case Split::kValidation:
        made->set_validation_images(made->validation_images() + 1);
        break;
      case Split::kTest:
        made->set_test_images(made->test_images() + 1);
        break;
    }
  }
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    if (manifest.HasSplit(split)) dataset.add_splits(std::string(SplitName(split)));
  }
  for (const SkippedEntry& entry : manifest.skipped) {
    v1::SkippedFile* skipped = dataset.add_skipped();
    skipped->set_name(entry.name);
    skipped->set_reason(entry.reason);
  }
  dataset.set_skipped_total(manifest.skipped_total);
  for (const std::string& warning : manifest.warnings) dataset.add_warnings(warning);
  return dataset;
}

}  // namespace

IngestArchive MakeImageFolderIngest(const ServerConfig& config) {
  IngestOptions options;
  options.archive.max_entries = int64_t{config.max_dataset_images} * 2;  // folders and odd files
  options.archive.max_total_bytes = config.max_dataset_bytes;
  options.archive.max_entry_bytes = config.max_image_bytes;
  options.image.max_bytes = config.max_image_bytes;
  options.image.max_pixels = config.max_image_pixels;
  options.max_classes = config.max_dataset_classes;
  options.max_broken_fraction = config.max_broken_share;
  const int64_t max_images = config.max_dataset_images;
  return [options, max_images](
             const ReceivedArchive& archive,
             const std::filesystem::path& scratch) -> absl::StatusOr<IngestedDataset> {
    const std::filesystem::path images = scratch / "images.bin";
    const std::filesystem::path manifest_file = scratch / "manifest.json";
    auto manifest = IngestImageFolder(archive.file, images, options, archive.abandoned);
    if (absl::IsInvalidArgument(manifest.status())) {
      return WithReason(manifest.status(), "BAD_ARCHIVE");
    }
    GRAFT_RETURN_IF_ERROR(manifest.status());
    if (static_cast<int64_t>(manifest->entries.size()) > max_images) {
      return WithReason(
          absl::ResourceExhaustedError(absl::StrCat("the archive holds ", manifest->entries.size(),
                                                    " images; this server takes ", max_images)),
          "TOO_MANY_IMAGES");
    }
    GRAFT_RETURN_IF_ERROR(WriteFileAtomically(manifest_file, DatasetManifestToJson(*manifest)));
    IngestedDataset made;
    made.description = Describe(*manifest);
    made.format = "image_folder";
    made.files = {{"images.bin", images}, {"manifest.json", manifest_file}};
    return made;
  };
}

}  // namespace graft
