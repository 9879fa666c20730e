#ifndef GRAFT_CORE_RECIPES_PHASE_H_
#define GRAFT_CORE_RECIPES_PHASE_H_

#include <string>

#include "core/recipes/fine_tune_config.h"

namespace graft::recipes {

// PhaseSpec::trainable_stages for "all of them".
inline constexpr int kAllStages = -1;

// What BatchNorm does in the stages that are trained; frozen stages always keep their statistics.
enum class BatchNormMode {
  kFrozenStatistics,  // normalise by the pretrained running statistics, train scale and shift
  kBatchStatistics,   // normalise by the batch and move the running statistics
};

// One stretch of training with one set of trainable parameters.
struct PhaseSpec {
  std::string name;          // "head", "unfreeze 1", "fine-tune"
  int trainable_stages = 0;  // of the backbone, counted from its end; 0: the head alone
  int epochs = 0;
  OptimizerKind optimizer = OptimizerKind::kAdamW;
  ScheduleKind schedule = ScheduleKind::kCosine;
  double warmup_epochs = 0;
  double head_learning_rate = 0;
  double backbone_learning_rate = 0;
  BatchNormMode batch_norm = BatchNormMode::kFrozenStatistics;
  // Whether what enters the first trained layer is computed once and kept. Off where every epoch
  // sees new augmentations of the images.
  bool cache_at_cut = true;

  // Run where what was trained before leaves something to gain and the phase costs no more than it
  // may, and kept where it gains it (core/recipes/promise.h). Of several such phases one is run.
  bool on_promise = false;

  // The head is computed from features that are kept, rather than trained step by step.
  bool is_solved() const {
    return optimizer == OptimizerKind::kLbfgs || optimizer == OptimizerKind::kClassMeans;
  }
};

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_PHASE_H_
