#ifndef GRAFT_CORE_TRAINING_RECIPES_H_
#define GRAFT_CORE_TRAINING_RECIPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/training/fine_tune_config.h"

namespace graft {

inline constexpr int kMaxEpochs = 10'000;
inline constexpr int kMaxBatchSize = 4'096;
// PhaseSpec::trainable_stages for "all of them".
inline constexpr int kAllStages = -1;

// What BatchNorm does in the stages that are trained; frozen stages always keep their statistics.
enum class BatchNormMode {
  kFrozenStatistics,  // normalise by the pretrained running statistics, train scale and shift
  kBatchStatistics,   // normalise by the batch and move the running statistics
};

// One stretch of training with one set of trainable parameters.
struct PhaseSpec {
  std::string name;          // "head" or "fine-tune"
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
};

// A configuration with nothing left open: every optional of `config` that has a meaning for the
// strategy is set (those without one are empty), and the phases that follow from it.
struct ResolvedFineTune {
  FineTuneConfig config;
  std::vector<PhaseSpec> phases;
  int total_epochs = 0;  // of all phases: a bound, since phases may stop early
};

// A field of the request that was wrong, by its path in the FineTuneSpec message
// ("training.epochs"), and why.
struct FieldViolation {
  std::string field;
  std::string message;
};

// Everything wrong with `config`, in the order of its fields; empty when it can be run.
std::vector<FieldViolation> FindViolations(const FineTuneConfig& config);

// INVALID_ARGUMENT naming every violation ("training.epochs: must be 1 to 10,000, got 0"), or OK.
absl::Status ValidateConfig(const FineTuneConfig& config);

// INVALID_ARGUMENT naming them all, or OK.
absl::Status ViolationsToStatus(const std::vector<FieldViolation>& violations);

// What of `config` does not go with a backbone of so many stages, once that is known.
std::vector<FieldViolation> FindNetworkViolations(const FineTuneConfig& config, int stages);

// Validates, fills in the strategy's defaults and lays out the phases.
absl::StatusOr<ResolvedFineTune> ResolveFineTune(const FineTuneConfig& config);

// The head that a resolved `config` puts on a backbone with these features. Not validated.
HeadSpec HeadOf(const FineTuneConfig& config, const FeatureMap& features, int64_t outputs);

// What a network costs, stage by stage, bottom first.
struct NetworkCost {
  std::vector<int64_t> stage_parameters;
  double forward_gflops = 0;  // multiply-adds x 2 of one image through all stages, in 1e9
  int64_t head_parameters = 0;
};

struct CostEstimate {
  int64_t training_images = 0;
  int64_t backbone_forwards = 0;  // images through the backbone with an empty feature cache
  double forward_gflops = 0;
  int64_t parameters = 0;
  int64_t trainable_parameters = 0;  // at most, in any phase
};

// Images are counted after the split. An upper bound where the feature cache has room: early
// stopping, and features that are there, only make it less.
CostEstimate EstimateCost(const ResolvedFineTune& resolved, const NetworkCost& network,
                          int64_t training_images, int64_t validation_images, int64_t test_images);

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_RECIPES_H_
