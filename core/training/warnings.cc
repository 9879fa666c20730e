#include "core/training/warnings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace graft {
namespace {

constexpr int64_t kFewImages = 10;
constexpr int64_t kImbalance = 10;
constexpr double kWorse = 1.1;
constexpr int kWorseEpochs = 3;

}  // namespace

std::vector<TrainingWarning> DataWarnings(const DataSummary& data, bool balanced) {
  std::vector<TrainingWarning> warnings;
  const auto& counts = data.train_images;
  if (counts.empty()) return warnings;
  const auto [smallest, largest] = std::minmax_element(counts.begin(), counts.end());
  const auto name = [&](auto it) { return data.class_names[it - counts.begin()]; };

  if (*smallest == 0) {
    warnings.push_back({"EMPTY_CLASS",
                        absl::StrCat("class \"", name(smallest), "\" has no image to train on"),
                        "Add images of it, hold fewer out, or take the class away."});
  } else {
    if (*largest >= kImbalance * *smallest) {
      warnings.push_back(
          {"CLASS_IMBALANCE",
           absl::StrCat("class \"", name(largest), "\" has ", *largest, " training images, \"",
                        name(smallest), "\" has ", *smallest),
           balanced ? "Class weights are balanced already; judge by macro F1, and add images of "
                      "the small classes if you can."
                    : "Set class_weighting to BALANCED and judge by macro F1, or add images of "
                      "the small classes."});
    }
    if (*smallest < kFewImages) {
      warnings.push_back(
          {"TOO_FEW_IMAGES",
           absl::StrCat("class \"", name(smallest), "\" has ", *smallest, " training images"),
           "Ten or more a class are advised; with fewer, prefer "
           "FEATURE_EXTRACTION and read the metrics with care."});
    }
  }
  if (data.validation_images == 0) {
    warnings.push_back({"NO_VALIDATION",
                        "no images are held out for validation, so the best epoch cannot be told "
                        "and training cannot stop early",
                        "Set validation_fraction, or give the dataset a validation folder."});
  }
  if (!data.classes_without_validation.empty()) {
    const size_t others = data.classes_without_validation.size() - 1;
    warnings.push_back(
        {"CLASS_WITHOUT_VALIDATION",
         absl::StrCat("class \"", data.classes_without_validation.front(), "\"",
                      others == 0 ? "" : absl::StrCat(" and ", others, " more"),
                      " have no validation image, so what is learnt of them is not judged"),
         "Add images of them, or raise validation_fraction."});
  }
  if (data.duplicates_across_parts > 0) {
    warnings.push_back(
        {"DUPLICATES_ACROSS_SPLIT",
         absl::StrCat(data.duplicates_across_parts,
                      " held-out images are also in the training "
                      "part",
                      data.duplicate_example.empty()
                          ? ""
                          : absl::StrCat(", for example ", data.duplicate_example)),
         "Remove the duplicates: figures on images that were trained on say too much."});
  }
  return warnings;
}

std::vector<TrainingWarning> OverfittingWatch::Observe(const EpochMetrics& metrics) {
  if (state_.said || !metrics.validation_loss.has_value()) return {};
  const double validation = *metrics.validation_loss;
  if (!state_.started || validation <= state_.best_validation) {
    state_.started = true;
    state_.best_validation = validation;
    state_.train_at_best = metrics.train_loss;
    state_.epochs_worse = 0;
    return {};
  }
  const bool worse =
      validation > kWorse * state_.best_validation && metrics.train_loss < state_.train_at_best;
  state_.epochs_worse = worse ? state_.epochs_worse + 1 : 0;
  if (state_.epochs_worse < kWorseEpochs) return {};
  state_.said = true;
  return {{"OVERFITTING",
           absl::StrFormat("since its best, the validation loss rose from %.4g to %.4g while the "
                           "training loss fell from %.4g to %.4g",
                           state_.best_validation, validation, state_.train_at_best,
                           metrics.train_loss),
           "The best epoch is kept. More images, augmentation, weight decay, a lower rate or "
           "fewer trained stages help."}};
}

}  // namespace graft
