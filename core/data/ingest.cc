#include "core/data/ingest.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/data/archive_names.h"
#include "core/data/dataset_warnings.h"
#include "core/data/image_folder.h"
#include "core/data/left_out.h"
#include "core/data/manifest/join.h"
#include "core/data/packed_file.h"
#include "core/image/decode.h"

namespace graft::data {
namespace {

bool HasEnding(absl::string_view name, std::initializer_list<absl::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](absl::string_view ending) {
    return absl::EndsWithIgnoreCase(name, ending);
  });
}

// Pictures of kinds that people hope will work.
bool HasImageName(absl::string_view name) {
  return HasEnding(name, {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif",
                          ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2"});
}

// What often lies beside pictures; a camera writes a raw file with each of them.
absl::string_view KindByName(absl::string_view name) {
  if (HasEnding(name, {".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef",
                       ".srw", ".raw"})) {
    return "a camera's raw file: convert it to JPEG to have it used";
  }
  if (HasEnding(name, {".mov", ".mp4", ".avi", ".mkv", ".3gp", ".webm", ".m4v"})) return "a video";
  return "not an image";
}

absl::Status WithReasonIfExhausted(absl::string_view reason, absl::Status status) {
  return absl::IsResourceExhausted(status) ? WithReason(std::move(status), reason) : status;
}

bool ByName(const DatasetEntry& a, const DatasetEntry& b) { return a.name < b.name; }

absl::string_view FolderOf(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == absl::string_view::npos ? absl::string_view() : name.substr(0, slash);
}

class Ingestor {
 public:
  Ingestor(const GivenManifest& given, const IngestOptions& options, PackedFile packed)
      : given_(given), options_(options), packed_(std::move(packed)) {}

  absl::Status Take(ArchiveEntry&& entry) {
    switch (entry.kind) {
      case ArchiveEntryKind::kFolder:
        folders_.insert(std::move(entry.name));
        return absl::OkStatus();
      case ArchiveEntryKind::kHidden:
        left_out_.AddHidden(entry.name);
        return absl::OkStatus();
      case ArchiveEntryKind::kArchive:
        left_out_.AddArchive(entry.name);
        AddFolder(entry.name);
        return absl::OkStatus();
      case ArchiveEntryKind::kHardLink:
        links_.emplace_back(std::move(entry.name), std::move(entry.target));
        return absl::OkStatus();
      case ArchiveEntryKind::kUnusable:
        LeaveOut(entry.name, entry.reason);
        return absl::OkStatus();
      case ArchiveEntryKind::kFile:
        return TakeFile(std::move(entry));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<DatasetManifest> Finish() {
    GRAFT_RETURN_IF_ERROR(AddLinks());
    std::sort(dataset_.entries.begin(), dataset_.entries.end(), &ByName);
    GRAFT_ASSIGN_OR_RETURN(const GivenManifest* const manifest, ChooseManifest());
    absl::Status made = manifest == nullptr ? LayOut() : Join(*manifest);
    // A table by a usual name may be about something else; folders of classes speak for themselves.
    if (!made.ok() && manifest != nullptr && manifest != &given_ && !IsNamedManifest(*manifest) &&
        !joined_ && LayOut().ok()) {
      dataset_.warnings.push_back(absl::StrCat("not taken for a manifest: ", made.message()));
      made = absl::OkStatus();
    }
    GRAFT_RETURN_IF_ERROR(made);
    left_out_.Report(options_.max_skipped_listed, dataset_);
    WarnOfDataset(dataset_);
    GRAFT_RETURN_IF_ERROR(WithReasonIfExhausted(reasons::kDiskFull, packed_.Sync()));
    dataset_.bytes = packed_.size();
    return std::move(dataset_);
  }

 private:
  absl::Status TakeFile(ArchiveEntry&& file) {
    if (IsManifestName(LastPart(file.name))) {
      KeepManifest(std::move(file));
      return absl::OkStatus();
    }
    const absl::StatusOr<image::Image> image = image::DecodeImage(file.bytes, options_.image);
    if (absl::IsResourceExhausted(image.status())) return image.status();
    if (!image.ok()) {
      LeaveOut(file.name, HasImageName(file.name) ? image.status().message() : "");
      return absl::OkStatus();
    }
    DatasetEntry entry;
    entry.name = std::move(file.name);
    entry.offset = packed_.size();
    entry.length = file.bytes.size();
    entry.sha256 = Sha256Hex(file.bytes);
    entry.width = image->width;
    entry.height = image->height;
    GRAFT_RETURN_IF_ERROR(CheckRoom());
    GRAFT_RETURN_IF_ERROR(WithReasonIfExhausted(reasons::kDiskFull, packed_.Append(file.bytes)));
    dataset_.entries.push_back(std::move(entry));
    return absl::OkStatus();
  }

  absl::Status CheckRoom() const {
    if (static_cast<int64_t>(dataset_.entries.size()) < options_.max_images) {
      return absl::OkStatus();
    }
    return WithReasonIfExhausted(reasons::kTooManyImages,
                                 absl::ResourceExhaustedError(absl::StrCat(
                                     "the archive holds more than ", options_.max_images,
                                     " images, the most this server takes")));
  }

  static absl::string_view LastPart(absl::string_view name) {
    const absl::string_view folder = FolderOf(name);
    return folder.empty() ? name : name.substr(folder.size() + 1);
  }

  // All candidates together may be as large as one.
  void KeepManifest(ArchiveEntry&& file) {
    manifest_bytes_ += file.bytes.size();
    if (manifest_bytes_ > options_.manifest.max_bytes) {
      left_out_.AddOther(file.name, absl::StrCat("manifests of more than ",
                                                 options_.manifest.max_bytes, " bytes in all"));
      return;
    }
    manifests_.push_back({std::move(file.name), std::move(file.bytes)});
  }

  // A class all of whose images are left out is an empty class, whether or not the archive has an
  // entry for its folder.
  void AddFolder(absl::string_view name) {
    const absl::string_view folder = FolderOf(name);
    if (!folder.empty()) folders_.insert(std::string(folder));
  }

  void LeaveOut(absl::string_view name, absl::string_view reason) {
    if (HasImageName(name)) {
      left_out_.AddBroken(name, reason);
    } else {
      const absl::string_view kind = KindByName(name);
      left_out_.AddOther(name,
                         reason.empty() ? std::string(kind) : absl::StrCat(kind, "; ", reason));
    }
    AddFolder(name);
  }

  // A hard link is the same file again: the same bytes, under another name.
  absl::Status AddLinks() {
    if (links_.empty()) return absl::OkStatus();
    absl::flat_hash_map<std::string, size_t> index;
    for (size_t i = 0; i < dataset_.entries.size(); ++i) index.emplace(dataset_.entries[i].name, i);
    for (const auto& [name, target] : links_) {
      const auto found = index.find(target);
      if (found == index.end()) {
        LeaveOut(name, absl::StrCat("a hard link to '", PrintableName(target),
                                    "', which is no image of this archive: pack it with "
                                    "'tar --hard-dereference'"));
        continue;
      }
      GRAFT_RETURN_IF_ERROR(CheckRoom());
      DatasetEntry entry = dataset_.entries[found->second];
      entry.name = name;
      index.emplace(name, dataset_.entries.size());
      dataset_.entries.push_back(std::move(entry));
    }
    return absl::OkStatus();
  }

  static bool IsNamedManifest(const GivenManifest& manifest) {
    return absl::StartsWithIgnoreCase(LastPart(manifest.name), "manifest.");
  }

  // The manifest to go by, null for none: of those that lie above all images, the one that is
  // called so. All others are files like any other.
  absl::StatusOr<const GivenManifest*> ChooseManifest() {
    const GivenManifest* chosen = given_.name.empty() ? nullptr : &given_;
    const bool given = chosen != nullptr;
    for (const GivenManifest& manifest : manifests_) {
      const bool named = IsNamedManifest(manifest);
      if (given || !IsAboveAll(FolderOf(manifest.name)) ||
          (!named && !LooksLikeManifest(manifest.name, manifest.bytes))) {
        left_out_.AddOther(manifest.name, "not an image, nor the manifest of all images");
        continue;
      }
      if (chosen != nullptr && IsNamedManifest(*chosen) == named) {
        return absl::InvalidArgumentError(
            absl::StrCat("'", PrintableName(chosen->name), "' and '", PrintableName(manifest.name),
                         "' are both manifests: which is meant? Take one out"));
      }
      if (chosen == nullptr || named) chosen = &manifest;
    }
    return chosen;
  }

  bool IsAboveAll(absl::string_view folder) const {
    if (folder.empty()) return true;
    const std::string prefix = absl::StrCat(folder, "/");
    return std::all_of(
        dataset_.entries.begin(), dataset_.entries.end(),
        [&](const DatasetEntry& entry) { return absl::StartsWith(entry.name, prefix); });
  }

  absl::Status CheckBroken(size_t broken, size_t images) const {
    if (static_cast<double>(broken) <= options_.max_broken_fraction * static_cast<double>(images)) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(left_out_.DescribeBroken(images));
  }

  absl::Status LayOut() {
    const size_t broken = left_out_.broken().size();
    GRAFT_RETURN_IF_ERROR(CheckBroken(broken, dataset_.entries.size() + broken));
    std::vector<std::string> names;
    for (const DatasetEntry& entry : dataset_.entries) names.push_back(entry.name);
    absl::StatusOr<FolderLayout> layout =
        LayOutImageFolder(names, {folders_.begin(), folders_.end()}, options_.max_classes);
    if (!layout.ok()) {
      return absl::Status(layout.status().code(),
                          absl::StrCat(layout.status().message(), left_out_.Hint()));
    }
    dataset_.classes = std::move(layout->classes);
    dataset_.warnings = std::move(layout->warnings);
    for (size_t i = 0; i < layout->labels.size(); ++i) {
      dataset_.entries[i].class_index = layout->labels[i].class_index;
      dataset_.entries[i].split = layout->labels[i].split;
    }
    return absl::OkStatus();
  }

  absl::Status Join(const GivenManifest& file) {
    ManifestOptions options = options_.manifest;
    options.max_labels = options_.max_classes;
    options.max_rows = options_.max_images;
    GRAFT_ASSIGN_OR_RETURN(const Manifest manifest, ParseManifest(file.name, file.bytes, options));
    joined_ = true;  // it is a manifest, whether or not it is of these images
    int64_t dropped = 0;
    const absl::Status joined = JoinManifest(manifest, file.name, left_out_, dataset_, dropped);
    if (!joined.ok()) {
      return absl::Status(joined.code(), absl::StrCat(joined.message(), left_out_.Hint()));
    }
    return CheckBroken(static_cast<size_t>(dropped), manifest.rows.size());
  }

  const GivenManifest& given_;
  const IngestOptions& options_;
  PackedFile packed_;
  DatasetManifest dataset_;
  LeftOut left_out_;
  std::set<std::string> folders_;
  std::vector<std::pair<std::string, std::string>> links_;  // names and targets
  std::vector<GivenManifest> manifests_;                    // found in the archive
  uint64_t manifest_bytes_ = 0;
  bool joined_ = false;
};

}  // namespace

absl::StatusOr<DatasetManifest> IngestDataset(const std::filesystem::path& archive,
                                              const GivenManifest& given,
                                              const std::filesystem::path& images,
                                              const IngestOptions& options,
                                              const std::function<bool()>& abandoned) {
  const std::filesystem::path folder = images.has_parent_path() ? images.parent_path() : ".";
  GRAFT_ASSIGN_OR_RETURN(PackedFile packed,
                         PackedFile::Create(images, DiskReserve(folder, options.min_free_disk_bytes,
                                                                options.free_disk_bytes)));
  Ingestor ingestor(given, options, std::move(packed));
  GRAFT_RETURN_IF_ERROR(ReadArchive(
      archive, options.archive,
      [&](ArchiveEntry&& entry) -> absl::Status {
        if (abandoned && abandoned()) return absl::CancelledError("the upload was given up");
        return ingestor.Take(std::move(entry));
      },
      abandoned));
  return ingestor.Finish();
}

}  // namespace graft::data
