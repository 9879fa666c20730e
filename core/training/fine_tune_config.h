#ifndef GRAFT_CORE_TRAINING_FINE_TUNE_CONFIG_H_
#define GRAFT_CORE_TRAINING_FINE_TUNE_CONFIG_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

#include "core/model/head_spec.h"

namespace graft {

// How much of the pretrained network is trained.
enum class Strategy {
  kFeatureExtraction,  // a head on features that are computed once
  kTopLayers,          // the head first, then the head and the last stage(s)
  kFull,               // the head first where asked for, then everything
};

enum class ClassWeighting {
  kNone,
  kBalanced,  // images / (classes * images of the class), over the training part
};

enum class OptimizerKind {
  kLbfgs,  // full-batch; only for a linear head on cached features
  kAdamW,  // Loshchilov & Hutter 2019; betas .9, .999
  kSgd,    // momentum without Nesterov
};

enum class ScheduleKind { kCosine, kConstant };

// What a fine-tuning job is asked to do. Plain data, no LibTorch: the server validates and resolves
// it, the worker runs it. An absent field takes its strategy's default (core/training/recipes.cc).
struct FineTuneConfig {
  Strategy strategy = Strategy::kFeatureExtraction;

  // Task: classification, one label an image.
  HeadKind head = HeadKind::kLinear;
  std::optional<int> hidden_units;        // MLP and ARTICLE; 1 to 65,536
  std::optional<double> dropout;          // MLP and ARTICLE; [0, 1)
  std::optional<double> label_smoothing;  // [0, 1)
  ClassWeighting class_weighting = ClassWeighting::kNone;

  // Training.
  // Passes over the training part, all phases together; 1 to 10,000. For L-BFGS, each iteration of
  // which is a pass, the most there may be.
  std::optional<int> epochs;
  std::optional<int> batch_size;                 // 1 to 4,096
  std::optional<double> learning_rate;           // of the head; (0, 100]
  std::optional<double> backbone_learning_rate;  // of trained stages; (0, 100]
  std::optional<double> weight_decay;            // [0, 10]
  std::optional<double> momentum;                // SGD; [0, 1)
  std::optional<OptimizerKind> optimizer;
  std::optional<ScheduleKind> schedule;
  std::optional<double> warmup_epochs;         // linear warm-up at the start of each phase; >= 0
  std::optional<double> gradient_clip_norm;    // global L2 norm; 0: off
  std::optional<int> early_stopping_patience;  // epochs without a better validation loss; 0: off
  std::optional<int> trainable_stages;         // TOP_LAYERS; 1 to 1,000
  std::optional<int> head_epochs;              // TOP_LAYERS, FULL; part of `epochs`
  std::optional<uint64_t> seed;
  std::optional<double> l2;  // L-BFGS; [0, 1e9]; absent: chosen on the validation part

  // Data.
  std::optional<double> validation_fraction;  // [0, 0.9]
  std::optional<double> test_fraction;        // [0, 0.9]; both together below 1
  std::optional<bool> augment;
  std::optional<int> augmented_views;  // 1 to 64: FEATURE_EXTRACTION and TOP_LAYERS with augment
};

// Lower-case names as they appear in model cards: "feature_extraction", "linear", "adamw", ...
absl::string_view StrategyName(Strategy strategy);
absl::string_view OptimizerName(OptimizerKind optimizer);
absl::string_view ScheduleName(ScheduleKind schedule);
absl::string_view ClassWeightingName(ClassWeighting weighting);

}  // namespace graft

#endif  // GRAFT_CORE_TRAINING_FINE_TUNE_CONFIG_H_
