#include "server/dataset_ingest.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/data/archive_format.h"
#include "core/data/ingest.h"
#include "wire/status.h"
#include "wire/tasks/catalog.h"

namespace graft {
namespace {

// What the API says of a manifest.
absl::StatusOr<v1::Dataset> Describe(const DatasetManifest& manifest) {
  v1::Dataset dataset;
  dataset.set_digest(DatasetDigest(manifest));
  dataset.set_images(static_cast<int64_t>(manifest.entries.size()));
  dataset.set_bytes(static_cast<int64_t>(manifest.bytes));
  GRAFT_ASSIGN_OR_RETURN(*dataset.mutable_summary(), Summarise(manifest));
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

// A header that says another format than the archive has was made for another file.
absl::Status CheckFormat(const ReceivedArchive& archive) {
  absl::StatusOr<ArchiveFormat> actual = FormatOfArchive(archive.file);
  if (!actual.ok()) return WithReason(actual.status(), "BAD_ARCHIVE");
  ArchiveFormat said = *actual;
  switch (archive.header.format()) {
    case v1::ARCHIVE_FORMAT_TAR:
      said = ArchiveFormat::kTar;
      break;
    case v1::ARCHIVE_FORMAT_TAR_GZ:
      said = ArchiveFormat::kTarGz;
      break;
    case v1::ARCHIVE_FORMAT_ZIP:
      said = ArchiveFormat::kZip;
      break;
    default:
      break;
  }
  if (said == *actual) return absl::OkStatus();
  // Without the marks of the other two, a file is but taken for a tar.
  const std::string is = *actual == ArchiveFormat::kTar
                             ? "is neither a zip nor compressed"
                             : absl::StrCat("is a ", ArchiveFormatName(*actual));
  return InvalidField("header.format",
                      absl::StrCat("says ", ArchiveFormatName(said), ", but the archive ", is));
}

absl::Status ForClients(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return WithReason(status, "BAD_ARCHIVE");
  return ErrorReason(status) == "DISK_FULL" ? DiskFull() : status;
}

}  // namespace

IngestArchive MakeImageFolderIngest(const ServerConfig& config, FreeDiskFunction free_disk_bytes) {
  IngestOptions options;
  options.archive.max_entries = int64_t{config.max_dataset_images} * 2;  // folders and odd files
  options.archive.max_total_bytes = config.max_dataset_bytes;
  options.archive.max_entry_bytes = config.max_image_bytes;
  options.image.max_bytes = config.max_image_bytes;
  options.image.max_pixels = config.max_image_pixels;
  options.max_images = config.max_dataset_images;
  options.max_classes = config.max_dataset_classes;
  options.max_broken_fraction = config.max_broken_share;
  options.min_free_disk_bytes = config.min_free_disk_bytes;
  options.free_disk_bytes = std::move(free_disk_bytes);
  return [options](const ReceivedArchive& archive,
                   const std::filesystem::path& scratch) -> absl::StatusOr<IngestedDataset> {
    GRAFT_RETURN_IF_ERROR(CheckFormat(archive));
    const std::filesystem::path images = scratch / kImagesFile;
    const std::filesystem::path manifest_file = scratch / kManifestFile;
    auto manifest = IngestImageFolder(archive.file, images, options, archive.abandoned);
    if (!manifest.ok()) return ForClients(manifest.status());
    GRAFT_RETURN_IF_ERROR(WriteFileAtomically(manifest_file, DatasetManifestToJson(*manifest)));
    IngestedDataset made;
    GRAFT_ASSIGN_OR_RETURN(made.description, Describe(*manifest));
    made.format = "image_folder";
    made.files = {{kImagesFile, images}, {kManifestFile, manifest_file}};
    return made;
  };
}

}  // namespace graft
