#include "core/training/recipes.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/status_macros.h"

namespace graft {
namespace {

// A strategy's defaults. Sources: the linear probe's regularised regression needs no rates; a new
// head takes AdamW 1e-3, and pretrained layers a tenth of the head's rate (TOP_LAYERS) so that the
// first, noisy gradients do not wash the pretrained features out (Kumar et al. 2022). FULL is SGD
// 0.9 with 0.01 for the head and 0.001 for the backbone, weight decay 5e-4 (Kornblith et al. 2019
// find rates about there best for most sets).
//
// BatchNorm keeps its pretrained statistics in every recipe: batches of a small set estimate them
// badly, and training and serving then see the same function.
struct Recipe {
  Strategy strategy;
  OptimizerKind optimizer;
  ScheduleKind schedule;
  int epochs;
  int head_epochs;
  int batch_size;
  double learning_rate;
  double backbone_ratio;  // backbone_learning_rate / learning_rate
  double weight_decay;
  double warmup_epochs;
  double clip_norm;
  int patience;
  double label_smoothing;
  bool augment;
  BatchNormMode batch_norm;
};

constexpr Recipe kRecipes[] = {
    {Strategy::kFeatureExtraction, OptimizerKind::kAdamW, ScheduleKind::kCosine, 60, 0, 32, 1e-3,
     0.0, 1e-2, 1.0, 0.0, 10, 0.0, false, BatchNormMode::kFrozenStatistics},
    {Strategy::kTopLayers, OptimizerKind::kAdamW, ScheduleKind::kCosine, 20, 10, 32, 1e-3, 0.1,
     1e-2, 1.0, 1.0, 5, 0.1, false, BatchNormMode::kFrozenStatistics},
    {Strategy::kFull, OptimizerKind::kSgd, ScheduleKind::kCosine, 20, 3, 32, 1e-2, 0.1, 5e-4, 1.0,
     1.0, 5, 0.1, true, BatchNormMode::kFrozenStatistics},
};

constexpr int kLbfgsIterations = 300;
// The ARTICLE head is trained as its recipe says, whatever the strategy: SGD 1e-4 at a constant
// rate, momentum 0.9, gradients and labels as they are.
constexpr double kArticleLearningRate = 1e-4;

const Recipe& RecipeOf(Strategy strategy) {
  for (const Recipe& recipe : kRecipes) {
    if (recipe.strategy == strategy) return recipe;
  }
  return kRecipes[0];
}

// Whether a field is set that only gradient descent in batches reads.
bool AsksForBatches(const FineTuneConfig& config) {
  return config.batch_size || config.learning_rate || config.weight_decay || config.schedule ||
         config.warmup_epochs || config.gradient_clip_norm || config.early_stopping_patience ||
         config.label_smoothing.value_or(0) > 0;
}

OptimizerKind OptimizerOf(const FineTuneConfig& config) {
  if (config.optimizer.has_value()) return *config.optimizer;
  if (config.momentum.has_value()) return OptimizerKind::kSgd;
  if (config.head == HeadKind::kArticle) return OptimizerKind::kSgd;
  if (config.strategy == Strategy::kFeatureExtraction && config.head == HeadKind::kLinear &&
      !AsksForBatches(config)) {
    return OptimizerKind::kLbfgs;
  }
  return RecipeOf(config.strategy).optimizer;
}

// Collects violations; a range check says what is allowed and what was given.
class Checker {
 public:
  template <typename Number>
  void Range(const char* field, const std::optional<Number>& value, Number low, Number high,
             const char* allowed) {
    if (!value.has_value()) return;
    // Written so that NaN fails.
    if (!(*value >= low && *value <= high)) {
      Add(field, absl::StrCat("must be ", allowed, ", got ", *value));
    }
  }
  // [0, 1).
  void Fraction(const char* field, const std::optional<double>& value) {
    if (value.has_value() && !(*value >= 0 && *value < 1)) {
      Add(field, absl::StrCat("must be at least 0 and below 1, got ", *value));
    }
  }
  void Rate(const char* field, const std::optional<double>& value) {
    if (value.has_value() && !(*value > 0 && *value <= 100)) {
      Add(field, absl::StrCat("must be above 0 and at most 100, got ", *value));
    }
  }
  // `field` is set though nothing would read it.
  template <typename T>
  void Unused(const char* field, const std::optional<T>& value, bool used, const char* use) {
    if (value.has_value() && !used) Add(field, absl::StrCat("only used with ", use));
  }
  void Add(const char* field, std::string message) {
    violations_.push_back({field, std::move(message)});
  }
  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace

std::vector<FieldViolation> FindViolations(const FineTuneConfig& config) {
  Checker check;
  const bool frozen = config.strategy == Strategy::kFeatureExtraction;
  const bool linear = config.head == HeadKind::kLinear;
  const OptimizerKind optimizer = OptimizerOf(config);
  const bool lbfgs = optimizer == OptimizerKind::kLbfgs;

  check.Range("task.classification.hidden_units", config.hidden_units, 1, 65'536, "1 to 65,536");
  check.Unused("task.classification.hidden_units", config.hidden_units, !linear,
               "an MLP or ARTICLE head");
  check.Fraction("task.classification.dropout", config.dropout);
  check.Unused("task.classification.dropout", config.dropout, !linear, "an MLP or ARTICLE head");
  check.Fraction("task.classification.label_smoothing", config.label_smoothing);

  check.Range("training.epochs", config.epochs, 1, kMaxEpochs, "1 to 10,000");
  check.Range("training.batch_size", config.batch_size, 1, kMaxBatchSize, "1 to 4,096");
  check.Rate("training.learning_rate", config.learning_rate);
  check.Rate("training.backbone_learning_rate", config.backbone_learning_rate);
  check.Unused("training.backbone_learning_rate", config.backbone_learning_rate, !frozen,
               "TOP_LAYERS and FULL");
  check.Range("training.weight_decay", config.weight_decay, 0.0, 10.0, "0 to 10");
  check.Fraction("training.momentum", config.momentum);
  check.Unused("training.momentum", config.momentum, optimizer == OptimizerKind::kSgd,
               "the SGD optimizer");
  if (config.optimizer == OptimizerKind::kLbfgs) {
    if (!frozen || !linear) {
      check.Add("training.optimizer",
                "LBFGS fits a linear head on frozen features only: use ADAMW or SGD, or "
                "FEATURE_EXTRACTION with a LINEAR head");
    } else if (config.label_smoothing.value_or(0) > 0) {
      check.Add("training.optimizer",
                "LBFGS has no label smoothing: use ADAMW or SGD, or label_smoothing 0");
    } else if (AsksForBatches(config)) {
      check.Add("training.optimizer",
                "LBFGS takes all images in each step: batch_size, learning_rate, weight_decay, "
                "schedule, warmup_epochs, gradient_clip_norm and early_stopping_patience belong to "
                "ADAMW and SGD (use l2 to regularise)");
    }
  }
  check.Range("training.warmup_epochs", config.warmup_epochs, 0.0, double{kMaxEpochs},
              "0 to 10,000");
  check.Range("training.gradient_clip_norm", config.gradient_clip_norm, 0.0, 1e9, "0 to 1e9");
  check.Range("training.early_stopping_patience", config.early_stopping_patience, 0, kMaxEpochs,
              "0 to 10,000");
  check.Range("training.trainable_stages", config.trainable_stages, 1, 1'000, "1 to 1,000");
  check.Unused("training.trainable_stages", config.trainable_stages,
               config.strategy == Strategy::kTopLayers, "TOP_LAYERS");
  check.Range("training.head_epochs", config.head_epochs, 0, kMaxEpochs, "0 to 10,000");
  check.Unused("training.head_epochs", config.head_epochs, !frozen, "TOP_LAYERS and FULL");
  if (!frozen && config.head_epochs.has_value()) {
    const int epochs = config.epochs.value_or(RecipeOf(config.strategy).epochs);
    if (*config.head_epochs >= epochs) {
      check.Add("training.head_epochs", absl::StrCat("must be below training.epochs (", epochs,
                                                     "), got ", *config.head_epochs));
    }
  }
  check.Range("training.l2", config.l2, 0.0, 1e9, "0 to 1e9");
  check.Unused("training.l2", config.l2, lbfgs, "the LBFGS optimizer");

  check.Range("data.validation_fraction", config.validation_fraction, 0.0, 0.9, "0 to 0.9");
  check.Range("data.test_fraction", config.test_fraction, 0.0, 0.9, "0 to 0.9");
  if (config.validation_fraction.value_or(0.2) + config.test_fraction.value_or(0) > 0.95) {
    check.Add("data.test_fraction", "leaves less than 5 % of the images for training");
  }
  check.Range("data.augmented_views", config.augmented_views, 1, 64, "1 to 64");
  check.Unused("data.augmented_views", config.augmented_views,
               config.strategy != Strategy::kFull &&
                   config.augment.value_or(RecipeOf(config.strategy).augment),
               "augment, in FEATURE_EXTRACTION and TOP_LAYERS");
  return check.Take();
}

std::vector<FieldViolation> FindNetworkViolations(const FineTuneConfig& config, int stages) {
  Checker check;
  if (config.trainable_stages.value_or(0) > stages) {
    check.Add("training.trainable_stages",
              absl::StrCat("the backbone has ", stages, " stages, got ", *config.trainable_stages));
  }
  return check.Take();
}

absl::Status ViolationsToStatus(const std::vector<FieldViolation>& violations) {
  if (violations.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrJoin(violations, "; ", [](std::string* out, const FieldViolation& violation) {
        absl::StrAppend(out, violation.field, ": ", violation.message);
      }));
}

absl::Status ValidateConfig(const FineTuneConfig& config) {
  return ViolationsToStatus(FindViolations(config));
}

absl::StatusOr<ResolvedFineTune> ResolveFineTune(const FineTuneConfig& config) {
  GRAFT_RETURN_IF_ERROR(ValidateConfig(config));
  const Recipe& recipe = RecipeOf(config.strategy);
  const bool frozen = config.strategy == Strategy::kFeatureExtraction;
  const bool article = config.head == HeadKind::kArticle;
  const OptimizerKind optimizer = OptimizerOf(config);
  const bool lbfgs = optimizer == OptimizerKind::kLbfgs;

  ResolvedFineTune resolved;
  FineTuneConfig& c = resolved.config;
  c = config;
  c.optimizer = optimizer;
  if (config.head == HeadKind::kMlp) {
    c.hidden_units = config.hidden_units.value_or(256);
    c.dropout = config.dropout.value_or(0.2);
  } else if (article) {
    c.hidden_units = config.hidden_units.value_or(256);
    c.dropout = config.dropout.value_or(0.5);
  }
  c.label_smoothing =
      lbfgs ? 0.0 : config.label_smoothing.value_or(article ? 0.0 : recipe.label_smoothing);
  c.epochs = config.epochs.value_or(lbfgs ? kLbfgsIterations : recipe.epochs);
  c.seed = config.seed.value_or(0);
  c.validation_fraction = config.validation_fraction.value_or(0.2);
  c.test_fraction = config.test_fraction.value_or(0.0);
  c.augment = config.augment.value_or(recipe.augment);
  if (*c.augment && config.strategy != Strategy::kFull) {
    c.augmented_views = config.augmented_views.value_or(1);
  }

  PhaseSpec phase;
  phase.optimizer = optimizer;
  phase.batch_norm = recipe.batch_norm;
  if (lbfgs) {
    // The solver takes every image in each step and finds its own step length: nothing else to
    // resolve.
    phase.name = "head";
    phase.epochs = *c.epochs;
    resolved.phases.push_back(phase);
    resolved.total_epochs = phase.epochs;
    return resolved;
  }

  c.batch_size = config.batch_size.value_or(recipe.batch_size);
  // A rate suits an optimizer: SGD steps about ten times as far as AdamW for the same progress.
  double default_rate = recipe.learning_rate;
  if (article) {
    default_rate = kArticleLearningRate;
  } else if (optimizer != recipe.optimizer) {
    default_rate = optimizer == OptimizerKind::kSgd ? 1e-2 : 1e-3;
  }
  c.learning_rate = config.learning_rate.value_or(default_rate);
  if (!frozen) {
    // The classic recipe has one rate for the head and the block below it.
    c.backbone_learning_rate = config.backbone_learning_rate.value_or(
        *c.learning_rate * (article ? 1.0 : recipe.backbone_ratio));
  }
  c.weight_decay = config.weight_decay.value_or(
      article ? 0.0 : (optimizer == OptimizerKind::kSgd ? 5e-4 : 1e-2));
  if (optimizer == OptimizerKind::kSgd) c.momentum = config.momentum.value_or(0.9);
  c.schedule = config.schedule.value_or(article ? ScheduleKind::kConstant : recipe.schedule);
  c.warmup_epochs = config.warmup_epochs.value_or(article ? 0.0 : recipe.warmup_epochs);
  c.gradient_clip_norm = config.gradient_clip_norm.value_or(article ? 0.0 : recipe.clip_norm);
  c.early_stopping_patience = config.early_stopping_patience.value_or(recipe.patience);
  if (config.strategy == Strategy::kTopLayers) {
    c.trainable_stages = config.trainable_stages.value_or(1);
  }

  phase.schedule = *c.schedule;
  phase.head_learning_rate = *c.learning_rate;
  if (frozen) {
    phase.name = "head";
    phase.epochs = *c.epochs;
    phase.warmup_epochs = std::min<double>(*c.warmup_epochs, phase.epochs);
    resolved.phases.push_back(phase);
  } else {
    // With few epochs the head takes half of them at most.
    c.head_epochs = config.head_epochs.value_or(std::min(recipe.head_epochs, *c.epochs / 2));
    if (*c.head_epochs > 0) {
      phase.name = "head";
      phase.epochs = *c.head_epochs;
      phase.warmup_epochs = std::min<double>(*c.warmup_epochs, phase.epochs);
      resolved.phases.push_back(phase);
    }
    const bool full = config.strategy == Strategy::kFull;
    phase.name = "fine-tune";
    phase.trainable_stages = full ? kAllStages : *c.trainable_stages;
    phase.epochs = *c.epochs - *c.head_epochs;
    phase.warmup_epochs = std::min<double>(*c.warmup_epochs, phase.epochs);
    phase.backbone_learning_rate = *c.backbone_learning_rate;
    phase.cache_at_cut = !full;
    resolved.phases.push_back(phase);
  }
  for (const PhaseSpec& each : resolved.phases) resolved.total_epochs += each.epochs;
  return resolved;
}

HeadSpec HeadOf(const FineTuneConfig& config, const FeatureMap& features, int64_t outputs) {
  HeadSpec head;
  head.kind = config.head;
  head.features = features;
  head.pooling = DefaultPooling(features);
  if (head.has_hidden_layer()) {
    head.hidden_units = config.hidden_units.value_or(0);
    head.dropout = config.dropout.value_or(0);
  }
  head.outputs = outputs;
  return head;
}

CostEstimate EstimateCost(const ResolvedFineTune& resolved, const NetworkCost& network,
                          int64_t training_images, int64_t validation_images, int64_t test_images) {
  CostEstimate cost;
  cost.training_images = training_images;
  cost.forward_gflops = network.forward_gflops;

  const FineTuneConfig& config = resolved.config;
  const int64_t head = network.head_parameters;
  const auto stages = static_cast<int64_t>(network.stage_parameters.size());
  const int64_t held_out = validation_images + test_images;
  const int64_t views = 1 + config.augmented_views.value_or(0);
  const int64_t cached_images = training_images * views + held_out;
  int64_t most_trainable = 0;
  for (const PhaseSpec& phase : resolved.phases) {
    int64_t trained = phase.trainable_stages;
    if (trained == kAllStages) trained = stages;
    trained = std::min(trained, stages);
    int64_t trainable = head;
    for (int64_t i = stages - trained; i < stages; ++i) trainable += network.stage_parameters[i];
    most_trainable = std::max(most_trainable, trainable);
    if (phase.cache_at_cut) cost.backbone_forwards += cached_images;
    // Trained stages run for every image of every epoch, and once more to validate.
    if (trained > 0) {
      cost.backbone_forwards += phase.epochs * (training_images + validation_images);
    }
  }
  // The report at the end, on the test part or else on validation.
  if (!resolved.phases.empty() && resolved.phases.back().trainable_stages != 0) {
    cost.backbone_forwards += test_images > 0 ? test_images : validation_images;
  }
  cost.trainable_parameters = most_trainable;
  cost.parameters = head;
  for (int64_t parameters : network.stage_parameters) cost.parameters += parameters;
  return cost;
}

}  // namespace graft
