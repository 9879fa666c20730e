#include "core/data/manifest/join.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/archive_names.h"
#include "core/data/unicode.h"

namespace graft::data {
namespace {

constexpr size_t kMissingNamed = 5;

// "photos/" of "photos/manifest.csv".
absl::string_view FolderOf(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == absl::string_view::npos ? absl::string_view() : name.substr(0, slash + 1);
}

absl::string_view LastPart(absl::string_view name) { return name.substr(FolderOf(name).size()); }

absl::string_view Stem(absl::string_view name) {
  const absl::string_view last = LastPart(name);
  return last.substr(0, last.rfind('.'));
}

std::optional<size_t> Find(const std::vector<DatasetEntry>& entries, absl::string_view name) {
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), name,
      [](const DatasetEntry& entry, absl::string_view key) { return entry.name < key; });
  if (at == entries.end() || at->name != name) return std::nullopt;
  return static_cast<size_t>(at - entries.begin());
}

// The folder, with its slash, that all images are in or below.
std::string CommonFolder(const std::vector<DatasetEntry>& entries) {
  if (entries.empty()) return "";
  // Sorted, so that what first and last share all share.
  const std::string& first = entries.front().name;
  const std::string& last = entries.back().name;
  const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first;
  return std::string(FolderOf(absl::string_view(first).substr(0, differ - first.begin())));
}

// A row whose file is not there, and what may be meant.
std::string DescribeMissing(const ManifestRow& row, const DatasetManifest& dataset,
                            const std::string* reason) {
  std::string text = absl::StrCat("line ", row.line, ": '", PrintableName(row.path), "'");
  if (reason != nullptr) return absl::StrCat(text, " (", *reason, ")");
  for (const DatasetEntry& entry : dataset.entries) {
    const bool alike = FoldName(entry.name) == FoldName(row.path) ||
                       LastPart(entry.name) == LastPart(row.path) ||
                       Stem(entry.name) == LastPart(row.path);
    if (!alike) continue;
    return absl::StrCat(text, " (is '", PrintableName(entry.name), "' meant?)");
  }
  return text;
}

class Joiner {
 public:
  Joiner(const Manifest& manifest, absl::string_view name, LeftOut& left_out,
         DatasetManifest& dataset)
      : manifest_(manifest),
        name_(name),
        left_out_(left_out),
        dataset_(dataset),
        folders_{std::string(FolderOf(name)), "", CommonFolder(dataset.entries)} {
    for (const SkippedEntry& entry : left_out_.broken()) reasons_.emplace(entry.name, entry.reason);
    for (const SkippedEntry& entry : left_out_.others()) {
      others_.emplace(entry.name, entry.reason);
    }
  }

  absl::Status Join(int64_t& dropped) {
    dataset_.targets = manifest_.kind;
    dataset_.classes = manifest_.labels;
    dataset_.numbers = manifest_.numbers;
    std::vector<bool> listed(dataset_.entries.size(), false);
    for (const ManifestRow& row : manifest_.rows) {
      const std::optional<size_t> index = FindImage(row.path);
      if (index.has_value() && listed[*index]) {
        return absl::InvalidArgumentError(absl::StrCat(name_, ": line ", row.line, ": '",
                                                       PrintableName(row.path),
                                                       "' is the file of another row already"));
      }
      if (index.has_value()) {
        listed[*index] = true;
        Fill(row, dataset_.entries[*index]);
      } else if (InMap(reasons_, row.path) != nullptr) {
        ++dropped;
      } else {
        AddMissing(row);
      }
    }
    GRAFT_RETURN_IF_ERROR(CheckMissing());
    DropUnlisted(listed);
    return CheckLabels();
  }

 private:
  using Reasons = absl::flat_hash_map<std::string, std::string>;

  std::optional<size_t> FindImage(const std::string& path) const {
    for (const std::string& folder : folders_) {
      const std::optional<size_t> index = Find(dataset_.entries, folder + path);
      if (index.has_value()) return index;
    }
    return std::nullopt;
  }

  const std::string* InMap(const Reasons& reasons, const std::string& path) const {
    for (const std::string& folder : folders_) {
      const auto found = reasons.find(folder + path);
      if (found != reasons.end()) return &found->second;
    }
    return nullptr;
  }

  void Fill(const ManifestRow& row, DatasetEntry& entry) const {
    if (manifest_.kind == TargetKind::kClass) {
      entry.class_index = row.labels[0];
    } else {
      entry.labels = row.labels;
    }
    entry.numbers = row.numbers;
    entry.split = row.split;
    entry.group = row.group;
  }

  void AddMissing(const ManifestRow& row) {
    if (++missing_ > kMissingNamed) return;
    absl::StrAppend(&missing_text_, missing_text_.empty() ? "" : "; ",
                    DescribeMissing(row, dataset_, InMap(others_, row.path)));
  }

  absl::Status CheckMissing() const {
    if (missing_ == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        name_, ": ", missing_, missing_ == 1 ? " row names a file" : " rows name files", " that ",
        missing_ == 1 ? "is" : "are", " not among the archive's images: ", missing_text_,
        missing_ > kMissingNamed ? "; ..." : "",
        FolderOf(name_).empty() ? ""
                                : absl::StrCat("; paths are taken from '", FolderOf(name_), "'")));
  }

  void DropUnlisted(const std::vector<bool>& listed) {
    std::vector<DatasetEntry> kept;
    kept.reserve(manifest_.rows.size());
    for (size_t i = 0; i < listed.size(); ++i) {
      if (listed[i]) {
        kept.push_back(std::move(dataset_.entries[i]));
      } else {
        left_out_.AddOther(dataset_.entries[i].name, absl::StrCat("not in ", name_));
      }
    }
    dataset_.entries = std::move(kept);
  }

  absl::Status CheckLabels() const {
    if (dataset_.entries.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(name_, ": no row has an image"));
    }
    std::vector<bool> trains(dataset_.classes.size(), false);
    for (const DatasetEntry& entry : dataset_.entries) {
      if (entry.split == Split::kValidation || entry.split == Split::kTest) continue;
      if (manifest_.kind == TargetKind::kClass) trains[entry.class_index] = true;
      for (const int label : entry.labels) trains[label] = true;
    }
    for (size_t i = 0; i < trains.size(); ++i) {
      if (trains[i]) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(name_, ": label '", PrintableName(dataset_.classes[i]),
                       "' has no image to train on that can be read"));
    }
    return absl::OkStatus();
  }

  const Manifest& manifest_;
  const std::string name_;
  LeftOut& left_out_;
  DatasetManifest& dataset_;
  const std::vector<std::string> folders_;  // that paths may be from, the likeliest first
  Reasons reasons_;                         // of broken images
  Reasons others_;
  size_t missing_ = 0;
  std::string missing_text_;
};

}  // namespace

absl::Status JoinManifest(const Manifest& manifest, absl::string_view name, LeftOut& left_out,
                          DatasetManifest& dataset, int64_t& dropped) {
  dropped = 0;
  return Joiner(manifest, name, left_out, dataset).Join(dropped);
}

}  // namespace graft::data
