#ifndef GRAFT_CORE_DATA_INGEST_H_
#define GRAFT_CORE_DATA_INGEST_H_

#include <filesystem>
#include <functional>
#include <string>

#include "absl/status/statusor.h"

#include "core/base/disk_reserve.h"
#include "core/data/archive_reader.h"
#include "core/data/dataset_manifest.h"
#include "core/data/manifest/manifest.h"
#include "core/image/probe.h"

namespace graft::data {

struct IngestOptions {
  ArchiveLimits archive;
  image::ImageLimits image;
  ManifestOptions manifest;
  int64_t max_images = 200'000;
  int max_classes = 10'000;
  // Share of images that may be broken: they are left out and named. Above it the upload is
  // refused.
  double max_broken_fraction = 0.1;
  size_t max_skipped_listed = 100;
  // On the disk of `images`, whatever is written.
  uint64_t min_free_disk_bytes = 0;
  FreeDiskFunction free_disk_bytes = FreeDiskBytes;
};

// A manifest that came beside the archive; without a name there is none.
struct GivenManifest {
  std::string name;  // "pets.csv", "pets.jsonl"
  std::string bytes;
};

// Reads an archive, decodes every image once, and writes the good ones to `images`, one behind the
// other. The file is synced. Files that do not look like images (by name and content) are skipped
// and reported, as are those that are too large. The manifest's entries are sorted by name.
//
// What the images show is said by `given`; else by a manifest in the archive (IsManifestName) that
// has all images in or below its folder; else by the folders they are in (LayOutImageFolder).
//
// Polls `abandoned` between images and while it unpacks: CANCELLED. INVALID_ARGUMENT and
// RESOURCE_EXHAUSTED as ReadArchive, ParseManifest, JoinManifest, LayOutImageFolder and
// DecodeImage; too many broken images are named with reasons. RESOURCE_EXHAUSTED also: more than
// `max_images` (ErrorReason "TOO_MANY_IMAGES"), or no room on the disk ("DISK_FULL").
absl::StatusOr<DatasetManifest> IngestDataset(const std::filesystem::path& archive,
                                              const GivenManifest& given,
                                              const std::filesystem::path& images,
                                              const IngestOptions& options,
                                              const std::function<bool()>& abandoned);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_INGEST_H_
