// Any bytes as an upload: no crash, no leak, and either an error with a cause or a dataset whose
// images can all be read back.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <unistd.h>

#include <sys/mman.h>

#include "absl/strings/str_cat.h"

#include "core/base/files.h"
#include "core/data/dataset_reader.h"
#include "core/data/ingest.h"
#include "core/data/unicode.h"
#include "tests/fuzz/require.h"

using graft::Require;

namespace {

void CheckDataset(const graft::data::DatasetManifest& manifest,
                  const graft::data::IngestOptions& options, const std::filesystem::path& images) {
  const bool one_class_each = manifest.targets == graft::data::TargetKind::kClass;
  Require(manifest.classes.size() >= (one_class_each ? 2 : 0), "a dataset of one class");
  Require(std::set<std::string>(manifest.classes.begin(), manifest.classes.end()).size() ==
              manifest.classes.size(),
          "a class twice");
  Require(static_cast<int64_t>(manifest.entries.size()) <= options.max_images, "too many images");
  Require(manifest.skipped.size() <= options.max_skipped_listed, "too many skipped files");
  for (const graft::data::SkippedEntry& entry : manifest.skipped) {
    Require(graft::data::IsValidUtf8(entry.name) && graft::data::IsValidUtf8(entry.reason),
            "not UTF-8");
  }
  const auto reader = graft::data::DatasetReader::Open(
      images, graft::data::DatasetManifestToJson(manifest), graft::data::DatasetDigest(manifest));
  Require(reader.ok(), "a dataset that cannot be opened");
  for (int i = 0; i < (*reader)->size(); ++i) {
    Require((*reader)->Decode(i).ok(), "an accepted image that cannot be decoded again");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A file in memory: the archive has a path. So have the images, in a folder that costs no disk.
  static const int file = ::memfd_create("archive", MFD_CLOEXEC);
  static const std::string path = absl::StrCat("/proc/self/fd/", file);
  static const auto folder = graft::TempDirectory::Create("/dev/shm", "graft-fuzz-");
  Require(folder.ok(), "no folder in /dev/shm");
  Require(::ftruncate(file, 0) == 0, "ftruncate");
  Require(::pwrite(file, data, size, 0) == static_cast<ssize_t>(size), "pwrite");

  graft::data::IngestOptions options;
  options.archive.max_entries = 200;
  options.archive.max_total_bytes = 4 << 20;
  options.archive.max_entry_bytes = 1 << 20;
  options.image.max_pixels = 1 << 16;
  options.max_images = 50;
  options.max_skipped_listed = 5;
  options.max_broken_fraction = 0.5;
  const std::filesystem::path images = folder->path() / "images.bin";
  const absl::StatusOr<graft::data::DatasetManifest> manifest =
      graft::data::IngestDataset(path, {}, images, options, nullptr);
  if (manifest.ok()) {
    CheckDataset(*manifest, options, images);
  } else {
    Require(!manifest.status().message().empty(), "an error without a cause");
    Require(graft::data::IsValidUtf8(manifest.status().message()), "a message that is not UTF-8");
  }
  std::filesystem::remove(images);
  return 0;
}
