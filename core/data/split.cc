#include "core/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/archive_reader.h"
#include "core/data/sampler.h"

namespace graft {
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

void WarnOfEmptyClasses(const DatasetManifest& manifest, DatasetSplits& splits) {
  if (splits.validation.empty()) return;
  std::vector<int> counts(manifest.classes.size(), 0);
  for (const int index : splits.validation) ++counts[manifest.entries[index].class_index];
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
  std::vector<std::vector<int>> pools =
      ShuffledByClass(manifest, options.seed, [](const DatasetEntry& entry) {
        return entry.split == Split::kTrain || entry.split == Split::kUnassigned;
      });
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

}  // namespace graft
