#include "core/data/dataset_warnings.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "core/data/archive_names.h"

namespace graft::data {
namespace {

constexpr int kFewImages = 20;  // a class below this is worth a warning
constexpr int kTwinsNamed = 5;

void WarnOfCounts(DatasetManifest& manifest) {
  std::vector<int64_t> counts(manifest.classes.size(), 0);
  for (const DatasetEntry& entry : manifest.entries) {
    if (manifest.targets == TargetKind::kClass) ++counts[entry.class_index];
    for (const int label : entry.labels) ++counts[label];
  }
  if (counts.empty()) return;
  const auto [fewest, most] = std::minmax_element(counts.begin(), counts.end());
  const bool labels = manifest.targets == TargetKind::kLabels;
  const std::string name = PrintableName(manifest.classes[fewest - counts.begin()]);
  if (*fewest < kFewImages) {
    manifest.warnings.push_back(absl::StrCat(labels ? "label '" : "class '", name, "' has only ",
                                             *fewest, *fewest == 1 ? " image" : " images"));
  }
  if (!labels && *most > 10 * *fewest) {
    manifest.warnings.push_back(absl::StrCat("the largest class has ", *most, " images, '", name,
                                             "' ", *fewest, ": consider balanced class weighting"));
  }
}

bool SameTargets(const DatasetEntry& a, const DatasetEntry& b) {
  return a.class_index == b.class_index && a.labels == b.labels && a.numbers == b.numbers;
}

// The same picture under two labels teaches nothing.
void WarnOfTwins(DatasetManifest& manifest) {
  const char* const what = manifest.targets == TargetKind::kClass
                               ? "the same picture is in two classes: '"
                               : "the same picture has two targets: '";
  absl::flat_hash_map<std::string, const DatasetEntry*> first;
  int found = 0;
  for (const DatasetEntry& entry : manifest.entries) {
    const auto [known, inserted] = first.emplace(entry.sha256, &entry);
    if (inserted || SameTargets(*known->second, entry)) continue;
    if (++found > kTwinsNamed) return;
    manifest.warnings.push_back(absl::StrCat(what, PrintableName(known->second->name), "' and '",
                                             PrintableName(entry.name), "'"));
  }
}

}  // namespace

void WarnOfDataset(DatasetManifest& manifest) {
  WarnOfCounts(manifest);
  WarnOfTwins(manifest);
}

}  // namespace graft::data
