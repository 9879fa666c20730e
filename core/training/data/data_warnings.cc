#include "core/training/data/data_warnings.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace graft::training {

PartsSummary SummariseParts(const data::DatasetManifest& dataset, const TrainingData& data) {
  PartsSummary parts;
  parts.validation_examples = static_cast<int64_t>(data.validation.size());
  absl::flat_hash_set<absl::string_view> trained_on;
  for (int64_t entry : data.train) trained_on.insert(dataset.entries[entry].sha256);
  for (const std::vector<int64_t>* part : {&data.validation, &data.test}) {
    for (int64_t entry : *part) {
      const data::DatasetEntry& held_out = dataset.entries[entry];
      if (!trained_on.contains(held_out.sha256)) continue;
      ++parts.duplicates_across_parts;
      if (parts.duplicate_example.empty()) parts.duplicate_example = held_out.name;
    }
  }
  return parts;
}

std::vector<tasks::TrainingWarning> PartsWarnings(const PartsSummary& parts) {
  std::vector<tasks::TrainingWarning> warnings;
  if (parts.validation_examples == 0) {
    warnings.push_back({"NO_VALIDATION",
                        "no images are held out for validation, so the best epoch cannot be told "
                        "and training cannot stop early",
                        "Set validation_fraction, or give the dataset a validation folder."});
  }
  if (parts.duplicates_across_parts > 0) {
    warnings.push_back(
        {"DUPLICATES_ACROSS_SPLIT",
         absl::StrCat(parts.duplicates_across_parts,
                      " held-out images are also in the training "
                      "part",
                      parts.duplicate_example.empty()
                          ? ""
                          : absl::StrCat(", for example ", parts.duplicate_example)),
         "Remove the duplicates: figures on images that were trained on say too much."});
  }
  return warnings;
}

}  // namespace graft::training
