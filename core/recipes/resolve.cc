#include "core/recipes/resolve.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/model/head_layer_text.h"
#include "core/recipes/options_table.h"
#include "core/recipes/strategies.h"
#include "core/recipes/validate.h"

namespace graft::recipes {
namespace {

// What the recipes say of `option`.
std::optional<OptionValue> RecipeValue(const Option& option, const Choices& choices) {
  for (const FineTuneConfig* const recipe :
       {&HeadOf(choices.head).defaults, &OptimizerOf(choices.optimizer).defaults,
        &StrategyOf(choices.strategy).defaults}) {
    std::optional<OptionValue> value = option.get(*recipe);
    if (value.has_value()) return value;
  }
  return std::nullopt;
}

std::optional<OptionValue> DefaultOf(const Option& option, const FineTuneConfig& so_far,
                                     const Choices& choices) {
  if (!option.when->holds(choices)) return option.neutral;
  std::optional<OptionValue> value = RecipeValue(option, choices);
  if (option.derive != nullptr) return option.derive(so_far, value);
  if (value.has_value()) return value;
  for (const ConditionalDefault<OptionValue>& each : option.defaults) {
    if (each.when->holds(choices)) return each.value;
  }
  return std::nullopt;
}

bool KeepsAtCut(Keeps keeps, const FineTuneConfig& config) {
  switch (keeps) {
    case Keeps::kViews:
      return true;
    case Keeps::kPlain:
      return !*config.data.augment;
    case Keeps::kNothing:
      break;
  }
  return false;
}

PhaseSpec LayOut(const PhasePlan& plan, const FineTuneConfig& config, int epochs) {
  const TrainingOptions& training = config.training;
  PhaseSpec phase;
  phase.name = plan.name;
  phase.epochs = epochs;
  phase.optimizer = *training.optimizer;
  // L-BFGS finds its own step length: there is no rate, schedule or warm-up.
  phase.schedule = training.schedule.value_or(ScheduleKind::kCosine);
  phase.warmup_epochs = std::min<double>(training.warmup_epochs.value_or(0), phase.epochs);
  phase.head_learning_rate = training.learning_rate.value_or(0) * plan.head_rate;
  phase.batch_norm = StrategyOf(*config.strategy).batch_norm;
  phase.cache_at_cut = KeepsAtCut(plan.keeps, config);
  phase.on_promise = plan.on_promise;
  if (plan.trains != Trains::kHead) {
    phase.trainable_stages =
        plan.trains == Trains::kEverything ? kAllStages : *training.trainable_stages;
    phase.backbone_learning_rate = *training.backbone_learning_rate;
  }
  return phase;
}

// A head that LBFGS fits, in a job whose other phases are trained in batches.
PhaseSpec LayOutFit(const PhasePlan& plan) {
  PhaseSpec phase;
  phase.name = plan.name;
  phase.optimizer = OptimizerKind::kLbfgs;
  phase.epochs = *OptimizerOf(OptimizerKind::kLbfgs).defaults.training.epochs;
  return phase;
}

// A phase a stage. Each, and what comes behind them, takes an equal part of the epochs that are
// left.
std::vector<PhaseSpec> LayOutOneByOne(const PhasePlan& plan, const FineTuneConfig& config,
                                      int epochs_left) {
  const int stages = *config.training.trainable_stages;
  std::vector<PhaseSpec> phases;
  for (int trained = 1; trained <= stages; ++trained) {
    PhaseSpec phase = LayOut(plan, config, epochs_left / (stages + 1));
    absl::StrAppend(&phase.name, " ", trained);
    phase.trainable_stages = trained;
    phases.push_back(std::move(phase));
  }
  return phases;
}

std::vector<PhaseSpec> LayOutAll(const FineTuneConfig& config) {
  const bool fits_head = ChoicesOf(config).fits_head;
  const int head_epochs = config.training.head_epochs.value_or(0);
  int left = *config.training.epochs - head_epochs;
  std::vector<PhaseSpec> phases;
  for (const PhasePlan& plan : StrategyOf(*config.strategy).phases) {
    if (plan.fits_head && fits_head) {
      phases.push_back(LayOutFit(plan));
    } else if (plan.trains == Trains::kOneByOne) {
      for (PhaseSpec& phase : LayOutOneByOne(plan, config, left)) {
        left -= phase.epochs;
        phases.push_back(std::move(phase));
      }
    } else {
      phases.push_back(
          LayOut(plan, config, plan.epochs == EpochShare::kHeadEpochs ? head_epochs : left));
    }
  }
  return phases;
}

// The pooling of a head that was told of none.
model::Pooling PoolingOfItself(const model::HeadSpec& head) {
  const bool reads_places =
      std::any_of(head.layers.begin(), head.layers.end(), [](const model::HeadLayer& layer) {
        return layer.kind == model::HeadLayerKind::kConv ||
               layer.kind == model::HeadLayerKind::kFlatten ||
               layer.kind == model::HeadLayerKind::kPool;
      });
  if (head.taps.empty())
    return reads_places ? model::Pooling::kNone : model::DefaultPooling(head.features);
  const bool all_alike =
      std::all_of(head.taps.begin(), head.taps.end(), [](const model::StageFeatures& tap) {
        return model::DefaultPooling(tap.features) == model::Pooling::kClassToken;
      });
  return all_alike ? model::Pooling::kClassToken : model::Pooling::kMean;
}

}  // namespace

FineTuneConfig FillDefaults(const FineTuneConfig& config, const Choices& choices) {
  FineTuneConfig filled = config;
  filled.strategy = choices.strategy;
  filled.head.kind = choices.head;
  filled.training.optimizer = choices.optimizer;
  filled.data.augment = choices.augment;
  ForEachOption(config.task.group(), [&](const Option& option) {
    if (option.get(filled).has_value()) return;
    option.set(filled, DefaultOf(option, filled, choices));
  });
  return filled;
}

int StagesRead(const FineTuneConfig& config, absl::Span<const model::StageFeatures> stages) {
  const auto all = static_cast<int>(stages.size());
  const std::optional<TextList>& taps = config.head.taps;
  if (!taps.has_value()) return all;
  for (int read = all; read > 0; --read) {
    if (std::find(taps->begin(), taps->end(), stages[read - 1].stage) != taps->end()) return read;
  }
  return all;
}

model::HeadSpec HeadSpecOf(const FineTuneConfig& config,
                           absl::Span<const model::StageFeatures> stages, int64_t outputs) {
  model::HeadSpec head;
  head.kind = config.head.kind.value_or(model::HeadKind::kLinear);
  const TextList taps = config.head.taps.value_or(TextList{});
  for (const model::StageFeatures& stage : stages) {
    if (std::find(taps.begin(), taps.end(), stage.stage) != taps.end()) head.taps.push_back(stage);
  }
  head.features = head.taps.empty() ? stages.back().features : model::JoinedFeatures(head.taps);
  if (head.kind == model::HeadKind::kLayers) {
    head.layers = model::HeadLayersFromTexts(config.head.layers.value_or(TextList{}))
                      .value_or(std::vector<model::HeadLayer>{});
  }
  head.pooling = config.head.pooling.value_or(PoolingOfItself(head));
  if (head.has_hidden_layer()) {
    head.hidden_units = config.head.hidden_units.value_or(0);
    head.dropout = config.head.dropout.value_or(0);
  }
  head.outputs = outputs;
  return head;
}

absl::StatusOr<ResolvedFineTune> ResolveFineTune(const FineTuneConfig& config) {
  GRAFT_RETURN_IF_ERROR(ValidateConfig(config));
  ResolvedFineTune resolved;
  resolved.config = FillDefaults(config, ChoicesOf(config));
  for (PhaseSpec& phase : LayOutAll(resolved.config)) {
    if (phase.epochs == 0) continue;
    // Of phases on promise one is run, and all have as many.
    const bool counted =
        phase.on_promise && !resolved.phases.empty() && resolved.phases.back().on_promise;
    if (!counted) resolved.total_epochs += phase.epochs;
    resolved.phases.push_back(std::move(phase));
  }
  return resolved;
}

}  // namespace graft::recipes
