#include "core/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/archive_names.h"
#include "core/data/sampler.h"
#include "core/data/stratify.h"

namespace graft::data {
namespace {

// Warnings are for people: a few of a kind.
constexpr int kClassesNamed = 10;
constexpr int kLeaksNamed = 20;

// Entries of each class that `take` accepts, shuffled by (seed, class).
template <typename F>
std::vector<std::vector<int>> ShuffledByClass(const DatasetManifest& manifest, uint64_t seed,
                                              F&& take) {
  std::vector<std::vector<int>> by_class(manifest.classes.size());
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    if (take(manifest.entries[i])) {
      by_class[manifest.entries[i].class_index].push_back(static_cast<int>(i));
    }
  }
  for (size_t c = 0; c < by_class.size(); ++c) {
    std::vector<int> shuffled;
    const int count = static_cast<int>(by_class[c].size());
    for (const int position : EpochOrder(count, seed, static_cast<int>(c))) {
      shuffled.push_back(by_class[c][position]);
    }
    by_class[c] = std::move(shuffled);
  }
  return by_class;
}

// Moves `fraction` of `pool`'s original size from its end to `part`; one stays to train on.
void Draw(double fraction, size_t original, std::vector<int>& pool, std::vector<int>& part) {
  if (fraction <= 0) return;
  const auto wanted =
      static_cast<size_t>(std::max(1.0, std::round(fraction * static_cast<double>(original))));
  for (size_t i = 0; i < wanted && pool.size() > 1; ++i) {
    part.push_back(pool.back());
    pool.pop_back();
  }
}

// The classes of an entry, of which there is none where numbers are learned.
std::vector<int> ClassesOf(const DatasetManifest& manifest, const DatasetEntry& entry) {
  if (manifest.targets == TargetKind::kClass) return {entry.class_index};
  return entry.labels;
}

// Images that must not be parted, with their labels; of numbers, the ranges that they fall into.
struct Units {
  std::vector<std::vector<int>> entries;
  std::vector<StratifyUnit> units;
  int labels = 0;
};

// Ranges of the first number, as many images in each: ten, but of few images no more than leave ten
// images to each, of which a part can be held out.
constexpr size_t kRanges = 10;
constexpr size_t kImagesOfARange = 10;

// For each entry the range that it is in.
std::vector<int> RangesOfFirstNumber(const DatasetManifest& manifest) {
  const size_t ranges = std::clamp(manifest.entries.size() / kImagesOfARange, size_t{1}, kRanges);
  std::vector<int> order(manifest.entries.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return manifest.entries[a].numbers[0] < manifest.entries[b].numbers[0];
  });
  std::vector<int> range_of(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    range_of[order[i]] = static_cast<int>(i * ranges / order.size());
  }
  return range_of;
}

template <typename F>
Units UnitsOf(const DatasetManifest& manifest, F&& take) {
  const bool by_number = manifest.targets == TargetKind::kNumbers;
  std::vector<int> range_of;
  if (by_number) range_of = RangesOfFirstNumber(manifest);
  Units units;
  units.labels = by_number ? static_cast<int>(kRanges) : static_cast<int>(manifest.classes.size());
  std::map<absl::string_view, size_t> unit_of_group;
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    const DatasetEntry& entry = manifest.entries[i];
    if (!take(entry)) continue;
    size_t unit = units.units.size();
    if (!entry.group.empty()) unit = unit_of_group.emplace(entry.group, unit).first->second;
    if (unit == units.units.size()) {
      units.entries.emplace_back();
      units.units.push_back({.images = 0, .labels = {}});
    }
    units.entries[unit].push_back(static_cast<int>(i));
    StratifyUnit& made = units.units[unit];
    ++made.images;
    for (const int label : by_number ? std::vector<int>{range_of[i]} : ClassesOf(manifest, entry)) {
      const auto known = std::find_if(made.labels.begin(), made.labels.end(),
                                      [&](const auto& pair) { return pair.first == label; });
      if (known == made.labels.end()) {
        made.labels.emplace_back(label, 1);
      } else {
        ++known->second;
      }
    }
  }
  return units;
}

// Of each label in how many units it is.
std::vector<int> CountUnits(const Units& units) {
  std::vector<int> counts(units.labels, 0);
  for (const StratifyUnit& unit : units.units) {
    for (const auto& [label, count] : unit.labels) ++counts[label];
  }
  return counts;
}

bool ForTraining(const DatasetEntry& entry) {
  return entry.split == Split::kTrain || entry.split == Split::kUnassigned;
}

// SplitDataset where images have several labels, numbers or groups.
absl::Status DrawUnits(const DatasetManifest& manifest, const SplitOptions& options,
                       DatasetSplits& splits) {
  const Units units = UnitsOf(manifest, &ForTraining);
  if (units.units.empty()) return absl::InvalidArgumentError("no image to train on");
  const std::vector<int> counts = CountUnits(units);
  for (size_t c = 0; c < manifest.classes.size(); ++c) {
    if (counts[c] > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("class '", PrintableName(manifest.classes[c]), "' has no image to train on"));
  }
  StratifyOptions stratify;
  stratify.seed = options.seed;
  stratify.shares = {1};
  // One image each of a thousand rare labels would be far more than was asked for.
  stratify.one_from = manifest.targets == TargetKind::kClass ? 0 : 0.5;
  std::vector<std::vector<int>*> parts = {&splits.train};
  const auto draw = [&](double share, std::vector<int>& part) {
    if (share <= 0) return;
    stratify.shares.push_back(share);
    stratify.shares[0] -= share;
    parts.push_back(&part);
  };
  if (!manifest.HasSplit(Split::kValidation)) draw(options.validation_fraction, splits.validation);
  if (!manifest.HasSplit(Split::kTest)) draw(options.test_fraction, splits.test);
  const std::vector<int> dealt = Stratify(units.units, units.labels, stratify);
  for (size_t u = 0; u < dealt.size(); ++u) {
    std::vector<int>& part = *parts[dealt[u]];
    part.insert(part.end(), units.entries[u].begin(), units.entries[u].end());
  }
  return absl::OkStatus();
}

// SplitFold where images have several labels, numbers or groups.
absl::Status DrawFold(const DatasetManifest& manifest, int folds, int fold, uint64_t seed,
                      DatasetSplits& splits) {
  const Units units = UnitsOf(manifest, [](const DatasetEntry&) { return true; });
  if (static_cast<int>(units.units.size()) < folds) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are fewer images, or groups of them, than ", folds, " folds"));
  }
  const std::vector<int> counts = CountUnits(units);
  for (size_t c = 0; c < counts.size() && manifest.targets == TargetKind::kClass; ++c) {
    if (counts[c] >= 2) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("class '", PrintableName(manifest.classes[c]), "' has ",
                     counts[c] == 0 ? "no image" : "one image, or images of one group alone",
                     ": to be both learned from and held out it needs two or more"));
  }
  StratifyOptions stratify;
  stratify.seed = seed;
  stratify.shares.assign(folds, 1.0 / folds);
  const std::vector<int> dealt = Stratify(units.units, units.labels, stratify);
  for (size_t u = 0; u < dealt.size(); ++u) {
    std::vector<int>& part = dealt[u] == fold ? splits.validation : splits.train;
    part.insert(part.end(), units.entries[u].begin(), units.entries[u].end());
  }
  return absl::OkStatus();
}

// One class an image and no groups: shuffled and cut, class by class.
bool IsPlain(const DatasetManifest& manifest) {
  return manifest.targets == TargetKind::kClass && !manifest.HasGroups();
}

void WarnOfEmptyClasses(const DatasetManifest& manifest, DatasetSplits& splits) {
  if (splits.validation.empty()) return;
  std::vector<int> counts(manifest.classes.size(), 0);
  for (const int index : splits.validation) {
    for (const int label : ClassesOf(manifest, manifest.entries[index])) ++counts[label];
  }
  int empty = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0 || ++empty > kClassesNamed) continue;
    splits.warnings.push_back(
        absl::StrCat("class '", PrintableName(manifest.classes[c]), "' has no validation image"));
  }
  if (empty > kClassesNamed) {
    splits.warnings.push_back(
        absl::StrCat(empty - kClassesNamed, " more classes have no validation image"));
  }
}

void WarnOfLeaks(const DatasetManifest& manifest, DatasetSplits& splits) {
  std::map<std::string, const DatasetEntry*> trained;
  for (const int index : splits.train) {
    trained.emplace(manifest.entries[index].sha256, &manifest.entries[index]);
  }
  int leaks = 0;
  for (const std::vector<int>* part : {&splits.validation, &splits.test}) {
    for (const int index : *part) {
      const DatasetEntry& entry = manifest.entries[index];
      const auto found = trained.find(entry.sha256);
      if (found == trained.end()) continue;
      splits.warnings.push_back(absl::StrCat("the same picture is trained on (",
                                             PrintableName(found->second->name), ") and held out (",
                                             PrintableName(entry.name), ")"));
      if (++leaks >= kLeaksNamed) return;
    }
  }
}

void Finish(const DatasetManifest& manifest, DatasetSplits& splits) {
  for (std::vector<int>* part : {&splits.train, &splits.validation, &splits.test}) {
    std::sort(part->begin(), part->end());
  }
  WarnOfEmptyClasses(manifest, splits);
  WarnOfLeaks(manifest, splits);
}

}  // namespace

absl::StatusOr<DatasetSplits> SplitDataset(const DatasetManifest& manifest,
                                           const SplitOptions& options) {
  const auto sensible = [](double fraction) { return fraction >= 0 && fraction <= 0.9; };
  if (!sensible(options.validation_fraction) || !sensible(options.test_fraction) ||
      options.validation_fraction + options.test_fraction >= 1) {
    return absl::InvalidArgumentError(
        "validation_fraction and test_fraction must be 0 to 0.9, together below 1");
  }
  DatasetSplits splits;
  const bool has_validation = manifest.HasSplit(Split::kValidation);
  const bool has_test = manifest.HasSplit(Split::kTest);
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    const Split split = manifest.entries[i].split;
    if (split == Split::kValidation) splits.validation.push_back(static_cast<int>(i));
    if (split == Split::kTest) splits.test.push_back(static_cast<int>(i));
  }
  if (!IsPlain(manifest)) {
    GRAFT_RETURN_IF_ERROR(DrawUnits(manifest, options, splits));
    Finish(manifest, splits);
    return splits;
  }
  std::vector<std::vector<int>> pools = ShuffledByClass(manifest, options.seed, &ForTraining);
  for (size_t c = 0; c < pools.size(); ++c) {
    if (pools[c].empty()) {
      return absl::InvalidArgumentError(absl::StrCat("class '", PrintableName(manifest.classes[c]),
                                                     "' has no image to train on"));
    }
    const size_t original = pools[c].size();
    if (!has_validation) Draw(options.validation_fraction, original, pools[c], splits.validation);
    if (!has_test) Draw(options.test_fraction, original, pools[c], splits.test);
    splits.train.insert(splits.train.end(), pools[c].begin(), pools[c].end());
  }
  Finish(manifest, splits);
  return splits;
}

absl::StatusOr<DatasetSplits> SplitFold(const DatasetManifest& manifest, int folds, int fold,
                                        uint64_t seed) {
  if (folds < 2 || fold < 0 || fold >= folds) {
    return absl::InvalidArgumentError("folds must be 2 or more, and fold below it");
  }
  DatasetSplits splits;
  if (!IsPlain(manifest)) {
    GRAFT_RETURN_IF_ERROR(DrawFold(manifest, folds, fold, seed, splits));
    Finish(manifest, splits);
    return splits;
  }
  const auto all = ShuffledByClass(manifest, seed, [](const DatasetEntry&) { return true; });
  for (size_t c = 0; c < all.size(); ++c) {
    if (all[c].size() >= 2) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("class '", PrintableName(manifest.classes[c]), "' has ",
                     all[c].empty() ? "no image" : "one image",
                     ": to be both learned from and held out it needs two or more"));
  }
  int position = 0;  // runs on from class to class, so that folds are of equal size
  for (const std::vector<int>& pool : all) {
    for (const int index : pool) {
      (position++ % folds == fold ? splits.validation : splits.train).push_back(index);
    }
  }
  Finish(manifest, splits);
  return splits;
}

}  // namespace graft::data
