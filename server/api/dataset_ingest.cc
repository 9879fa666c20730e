#include "server/api/dataset_ingest.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/error_reasons.h"
#include "core/base/files.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/data/archive_format.h"
#include "core/data/ingest.h"
#include "wire/tasks/catalog.h"

namespace graft::server {
namespace {

// What the API says of a manifest.
absl::StatusOr<v1::Dataset> Describe(const data::DatasetManifest& manifest) {
  v1::Dataset dataset;
  dataset.set_digest(data::DatasetDigest(manifest));
  dataset.set_images(static_cast<int64_t>(manifest.entries.size()));
  dataset.set_bytes(static_cast<int64_t>(manifest.bytes));
  GRAFT_ASSIGN_OR_RETURN(*dataset.mutable_summary(), wire::Summarise(manifest));
  for (const data::Split split :
       {data::Split::kTrain, data::Split::kValidation, data::Split::kTest}) {
    if (manifest.HasSplit(split)) dataset.add_splits(std::string(data::SplitName(split)));
  }
  for (const data::SkippedEntry& entry : manifest.skipped) {
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
  absl::StatusOr<data::ArchiveFormat> actual = data::FormatOfArchive(archive.file);
  if (!actual.ok()) return WithReason(actual.status(), reasons::kBadArchive);
  data::ArchiveFormat said = *actual;
  switch (archive.header.format()) {
    case v1::ARCHIVE_FORMAT_TAR:
      said = data::ArchiveFormat::kTar;
      break;
    case v1::ARCHIVE_FORMAT_TAR_GZ:
      said = data::ArchiveFormat::kTarGz;
      break;
    case v1::ARCHIVE_FORMAT_ZIP:
      said = data::ArchiveFormat::kZip;
      break;
    default:
      break;
  }
  if (said == *actual) return absl::OkStatus();
  // Without the marks of the other two, a file is but taken for a tar.
  const std::string is = *actual == data::ArchiveFormat::kTar
                             ? "is neither a zip nor compressed"
                             : absl::StrCat("is a ", data::ArchiveFormatName(*actual));
  return InvalidField("header.format", absl::StrCat("says ", data::ArchiveFormatName(said),
                                                    ", but the archive ", is));
}

// The columns that the upload declares, on top of the server's limits.
data::IngestOptions WithColumns(data::IngestOptions options, const v1::UploadManifest& manifest) {
  options.manifest.number_columns.assign(manifest.number_columns().begin(),
                                         manifest.number_columns().end());
  options.manifest.ignored_columns.assign(manifest.ignored_columns().begin(),
                                          manifest.ignored_columns().end());
  return options;
}

// A manifest with content has a name; one without only declares columns.
absl::Status CheckManifest(const v1::UploadManifest& manifest) {
  constexpr size_t kMaxName = 255;
  constexpr int kMaxColumns = 256;
  if (manifest.name().size() > kMaxName || absl::StrContains(manifest.name(), '/')) {
    return InvalidField("header.manifest.name", "must be the name of a file, without folders");
  }
  if (manifest.name().empty() != manifest.content().empty()) {
    return InvalidField("header.manifest",
                        manifest.name().empty() ? "has content but no name" : "is empty");
  }
  if (manifest.number_columns_size() > kMaxColumns ||
      manifest.ignored_columns_size() > kMaxColumns) {
    return InvalidField("header.manifest", absl::StrCat("more than ", kMaxColumns, " columns"));
  }
  return absl::OkStatus();
}

// What was made, in a word, for the row.
std::string FormatOf(const data::DatasetManifest& manifest) {
  return manifest.targets == data::TargetKind::kClass
             ? "image_folder"
             : std::string(data::TargetKindName(manifest.targets));
}

absl::Status ForClients(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return WithReason(status, reasons::kBadArchive);
  return ErrorReason(status) == reasons::kDiskFull ? DiskFull() : status;
}

}  // namespace

IngestArchive MakeImageFolderIngest(const ServerConfig& config, FreeDiskFunction free_disk_bytes) {
  data::IngestOptions options;
  // A folder, odd files, and what macOS puts beside each picture.
  options.archive.max_entries = int64_t{config.max_dataset_images} * 3;
  options.archive.max_total_bytes = config.max_dataset_bytes;
  options.archive.max_entry_bytes = std::max(config.max_image_bytes, config.max_manifest_bytes);
  options.manifest.max_bytes = config.max_manifest_bytes;
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
    const v1::UploadManifest& said = archive.header.manifest();
    GRAFT_RETURN_IF_ERROR(CheckManifest(said));
    const std::filesystem::path images = scratch / artifacts::kImagesFile;
    const std::filesystem::path manifest_file = scratch / artifacts::kManifestFile;
    auto manifest = data::IngestDataset(archive.file, {said.name(), said.content()}, images,
                                        WithColumns(options, said), archive.abandoned);
    if (!manifest.ok()) return ForClients(manifest.status());
    auto description = Describe(*manifest);
    if (!description.ok()) return ForClients(description.status());
    GRAFT_RETURN_IF_ERROR(
        WriteFileAtomically(manifest_file, data::DatasetManifestToJson(*manifest)));
    IngestedDataset made;
    made.description = *std::move(description);
    made.format = FormatOf(*manifest);
    made.files = {{artifacts::kImagesFile, images}, {artifacts::kManifestFile, manifest_file}};
    return made;
  };
}

}  // namespace graft::server
