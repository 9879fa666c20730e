#include "core/training/observer.h"

namespace graft {

std::vector<std::pair<std::string, double>> EpochMetrics::Named() const {
  std::vector<std::pair<std::string, double>> named = {{"train_loss", train_loss},
                                                       {"train_accuracy", train_accuracy}};
  if (validation_loss) named.emplace_back("validation_loss", *validation_loss);
  if (validation_accuracy) named.emplace_back("validation_accuracy", *validation_accuracy);
  if (validation_macro_f1) named.emplace_back("validation_macro_f1", *validation_macro_f1);
  if (head_learning_rate > 0) named.emplace_back("learning_rate", head_learning_rate);
  if (backbone_learning_rate > 0) {
    named.emplace_back("backbone_learning_rate", backbone_learning_rate);
  }
  named.emplace_back("images_per_second", images_per_second);
  named.emplace_back("seconds", seconds);
  return named;
}

}  // namespace graft
