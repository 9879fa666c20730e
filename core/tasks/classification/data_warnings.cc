#include "core/tasks/classification/data_warnings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace graft::tasks {
namespace {

constexpr int64_t kFewImages = 10;
constexpr int64_t kImbalance = 10;

}  // namespace

std::vector<TrainingWarning> ClassWarnings(const ClassCounts& data, bool balanced) {
  std::vector<TrainingWarning> warnings;
  const std::vector<int64_t>& counts = data.train_images;
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
  const std::vector<int64_t>& held_out = data.validation_images;
  const auto first = std::find(held_out.begin(), held_out.end(), 0);
  if (first != held_out.end()) {
    const auto others = std::count(held_out.begin(), held_out.end(), 0) - 1;
    warnings.push_back(
        {"CLASS_WITHOUT_VALIDATION",
         absl::StrCat("class \"", data.class_names[first - held_out.begin()], "\"",
                      others == 0 ? "" : absl::StrCat(" and ", others, " more"),
                      " have no validation image, so what is learnt of them is not judged"),
         "Add images of them, or raise validation_fraction."});
  }
  return warnings;
}

}  // namespace graft::tasks
