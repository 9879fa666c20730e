#include "core/training/fine_tune_config.h"

namespace graft {

absl::string_view StrategyName(Strategy strategy) {
  switch (strategy) {
    case Strategy::kFeatureExtraction:
      return "feature_extraction";
    case Strategy::kTopLayers:
      return "top_layers";
    case Strategy::kFull:
      return "full";
  }
  return "";
}

absl::string_view OptimizerName(OptimizerKind optimizer) {
  switch (optimizer) {
    case OptimizerKind::kLbfgs:
      return "lbfgs";
    case OptimizerKind::kAdamW:
      return "adamw";
    case OptimizerKind::kSgd:
      return "sgd";
  }
  return "";
}

absl::string_view ScheduleName(ScheduleKind schedule) {
  return schedule == ScheduleKind::kCosine ? "cosine" : "constant";
}

absl::string_view ClassWeightingName(ClassWeighting weighting) {
  return weighting == ClassWeighting::kBalanced ? "balanced" : "none";
}

}  // namespace graft
