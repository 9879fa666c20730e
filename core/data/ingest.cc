#include "core/data/ingest.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/data/image_folder.h"
#include "core/data/packed_file.h"
#include "core/image/decode.h"

namespace graft {
namespace {

constexpr int kFewImages = 20;  // a class below this is worth a warning

bool HasImageName(absl::string_view name) {
  for (const absl::string_view ending : {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp",
                                         ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"}) {
    if (absl::EndsWithIgnoreCase(name, ending)) return true;
  }
  return false;
}

absl::Status Because(absl::string_view reason, absl::Status status) {
  return absl::IsResourceExhausted(status) ? WithReason(std::move(status), reason) : status;
}

class Ingestor {
 public:
  Ingestor(const IngestOptions& options, PackedFile packed)
      : options_(options), packed_(std::move(packed)) {}

  absl::Status Take(ArchiveEntry&& entry) {
    switch (entry.kind) {
      case ArchiveEntryKind::kFolder:
        folders_.insert(std::move(entry.name));
        return absl::OkStatus();
      case ArchiveEntryKind::kHidden:
        Skip(entry.name, "a hidden file");
        return absl::OkStatus();
      case ArchiveEntryKind::kArchive:
        Skip(entry.name, "an archive within the archive");
        return absl::OkStatus();
      case ArchiveEntryKind::kFile:
        return TakeFile(entry);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<DatasetManifest> Finish() {
    const size_t all = manifest_.entries.size() + broken_.size();
    if (static_cast<double>(broken_.size()) >
        options_.max_broken_fraction * static_cast<double>(all)) {
      return TooManyBroken(all);
    }
    std::sort(manifest_.entries.begin(), manifest_.entries.end(),
              [](const DatasetEntry& a, const DatasetEntry& b) { return a.name < b.name; });
    std::vector<std::string> names;
    for (const DatasetEntry& entry : manifest_.entries) names.push_back(entry.name);
    AddFoldersOfBroken();
    absl::StatusOr<FolderLayout> laid_out =
        LayOutImageFolder(names, {folders_.begin(), folders_.end()}, options_.max_classes);
    if (!laid_out.ok()) return WithABrokenOne(laid_out.status());
    FolderLayout layout = *std::move(laid_out);
    manifest_.classes = std::move(layout.classes);
    manifest_.warnings = std::move(layout.warnings);
    for (size_t i = 0; i < layout.labels.size(); ++i) {
      manifest_.entries[i].class_index = layout.labels[i].class_index;
      manifest_.entries[i].split = layout.labels[i].split;
    }
    for (const SkippedEntry& entry : broken_) Skip(entry.name, entry.reason);
    Warn();
    GRAFT_RETURN_IF_ERROR(Because("DISK_FULL", packed_.Sync()));
    manifest_.bytes = packed_.size();
    return std::move(manifest_);
  }

 private:
  absl::Status TakeFile(const ArchiveEntry& file) {
    const absl::StatusOr<Image> image = DecodeImage(file.bytes, options_.image);
    if (absl::IsResourceExhausted(image.status())) return image.status();
    if (!image.ok()) {
      const bool meant_as_image = HasImageName(file.name);
      if (!meant_as_image) {
        Skip(file.name, "not an image");
      } else {
        broken_.push_back({file.name, std::string(image.status().message())});
      }
      return absl::OkStatus();
    }
    if (static_cast<int64_t>(manifest_.entries.size()) >= options_.max_images) {
      return Because("TOO_MANY_IMAGES", absl::ResourceExhaustedError(absl::StrCat(
                                            "the archive holds more than ", options_.max_images,
                                            " images, the most this server takes")));
    }
    DatasetEntry entry;
    entry.name = file.name;
    entry.offset = packed_.size();
    entry.length = file.bytes.size();
    entry.sha256 = Sha256Hex(file.bytes);
    entry.width = image->width;
    entry.height = image->height;
    GRAFT_RETURN_IF_ERROR(Because("DISK_FULL", packed_.Append(file.bytes)));
    manifest_.entries.push_back(std::move(entry));
    return absl::OkStatus();
  }

  void Skip(const std::string& name, absl::string_view reason) {
    ++manifest_.skipped_total;
    if (manifest_.skipped.size() < options_.max_skipped_listed) {
      manifest_.skipped.push_back({PrintableName(name), std::string(reason)});
    }
  }

  // A class all of whose images are broken is an empty class, whether or not the archive has an
  // entry for its folder.
  void AddFoldersOfBroken() {
    for (const SkippedEntry& entry : broken_) {
      const size_t end = entry.name.rfind('/');
      if (end != std::string::npos) folders_.insert(entry.name.substr(0, end));
    }
  }

  // Where images were left out, they may be why the rest does not make a dataset.
  absl::Status WithABrokenOne(const absl::Status& status) const {
    if (broken_.empty()) return status;
    return absl::Status(status.code(),
                        absl::StrCat(status.message(), " (", broken_.size(),
                                     broken_.size() == 1 ? " image" : " images",
                                     " could not be read: ", PrintableName(broken_[0].name), ": ",
                                     broken_[0].reason, ")"));
  }

  absl::Status TooManyBroken(size_t all) const {
    constexpr size_t kNamed = 5;
    std::string message = absl::StrCat(broken_.size(), " of ", all, " images cannot be read:");
    for (size_t i = 0; i < std::min(kNamed, broken_.size()); ++i) {
      absl::StrAppend(&message, i == 0 ? " " : "; ", PrintableName(broken_[i].name), ": ",
                      broken_[i].reason);
    }
    if (broken_.size() > kNamed)
      absl::StrAppend(&message, "; and ", broken_.size() - kNamed, " more");
    return absl::InvalidArgumentError(message);
  }

  void Warn() {
    std::vector<int64_t> counts(manifest_.classes.size(), 0);
    for (const DatasetEntry& entry : manifest_.entries) ++counts[entry.class_index];
    const auto [fewest, most] = std::minmax_element(counts.begin(), counts.end());
    const int64_t smallest = *fewest;
    const int64_t largest = *most;
    const auto smallest_class = static_cast<size_t>(fewest - counts.begin());
    const std::string name = PrintableName(manifest_.classes[smallest_class]);
    if (smallest < kFewImages) {
      manifest_.warnings.push_back(absl::StrCat("class '", name, "' has only ", smallest,
                                                smallest == 1 ? " image" : " images"));
    }
    if (largest > 10 * smallest) {
      manifest_.warnings.push_back(absl::StrCat("the largest class has ", largest, " images, '",
                                                name, "' ", smallest,
                                                ": consider balanced class weighting"));
    }
    WarnOfTwins();
  }

  // The same picture under two labels teaches nothing.
  void WarnOfTwins() {
    std::map<std::string, const DatasetEntry*> first;
    int found = 0;
    for (const DatasetEntry& entry : manifest_.entries) {
      const auto [known, inserted] = first.emplace(entry.sha256, &entry);
      if (inserted || known->second->class_index == entry.class_index) continue;
      if (++found <= 5) {
        manifest_.warnings.push_back(absl::StrCat("the same picture is in two classes: '",
                                                  PrintableName(known->second->name), "' and '",
                                                  PrintableName(entry.name), "'"));
      }
    }
  }

  const IngestOptions& options_;
  PackedFile packed_;
  DatasetManifest manifest_;
  std::set<std::string> folders_;
  std::vector<SkippedEntry> broken_;
};

}  // namespace

absl::StatusOr<DatasetManifest> IngestImageFolder(const std::filesystem::path& archive,
                                                  const std::filesystem::path& images,
                                                  const IngestOptions& options,
                                                  const std::function<bool()>& abandoned) {
  const std::filesystem::path folder = images.has_parent_path() ? images.parent_path() : ".";
  GRAFT_ASSIGN_OR_RETURN(PackedFile packed,
                         PackedFile::Create(images, DiskReserve(folder, options.min_free_disk_bytes,
                                                                options.free_disk_bytes)));
  Ingestor ingestor(options, std::move(packed));
  GRAFT_RETURN_IF_ERROR(ReadArchive(
      archive, options.archive,
      [&](ArchiveEntry&& entry) -> absl::Status {
        if (abandoned && abandoned()) return absl::CancelledError("the upload was given up");
        return ingestor.Take(std::move(entry));
      },
      abandoned));
  return ingestor.Finish();
}

}  // namespace graft
