#include "core/training/observer.h"

#include "absl/strings/str_cat.h"

namespace graft::training {

tasks::Figures EpochMetrics::Named() const {
  tasks::Figures named;
  for (const auto& [name, value] : train) named.emplace_back(absl::StrCat("train_", name), value);
  for (const auto& [name, value] : validation) {
    named.emplace_back(absl::StrCat("validation_", name), value);
  }
  if (head_learning_rate > 0) named.emplace_back("learning_rate", head_learning_rate);
  if (backbone_learning_rate > 0) {
    named.emplace_back("backbone_learning_rate", backbone_learning_rate);
  }
  named.emplace_back("images_per_second", images_per_second);
  named.emplace_back("seconds", seconds);
  return named;
}

}  // namespace graft::training
