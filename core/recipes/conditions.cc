#include "core/recipes/conditions.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "core/recipes/enum_words.h"
#include "core/recipes/options_table.h"
#include "core/recipes/strategies.h"

namespace graft::recipes {
namespace {

// Whether an option is asked for that is used under `condition` alone.
bool AsksFor(const FineTuneConfig& config, const Condition& condition) {
  bool asks = false;
  ForEachOption(config.task.group(), [&](const Option& option) {
    asks = asks || (option.when == &condition && option.asks(config));
  });
  return asks;
}

// Whether an option is asked for that only training in batches has, whatever its schedule.
bool AsksForBatches(const FineTuneConfig& config) {
  return AsksFor(config, kBatches) || AsksFor(config, kRampedUp) || AsksFor(config, kDrops);
}

// AUTO, unless what only frozen features can be used for is asked for.
Strategy ChooseStrategy(const FineTuneConfig& config) {
  if (config.strategy.has_value()) return *config.strategy;
  const std::optional<OptimizerKind> optimizer = config.training.optimizer;
  const bool on_features = optimizer == OptimizerKind::kLbfgs ||
                           optimizer == OptimizerKind::kClassMeans ||
                           config.data.augmented_views.has_value();
  return on_features ? Strategy::kFeatureExtraction : Strategy::kAuto;
}

// Whether LBFGS can find the optimum of the head on fixed features.
bool CanFitHead(const FineTuneConfig& config, const HeadRecipe& head) {
  const TaskOptionGroup* const task = config.task.group();
  return task != nullptr && task->convex && head.head == model::HeadKind::kLinear;
}

// An optimizer is asked for by name or by an option that it alone has; else the head's recipe names
// it; else a linear head on fixed features is fitted in one go where nothing of training in batches
// is asked for; else it is the strategy's.
OptimizerKind ChooseOptimizer(const FineTuneConfig& config, const StrategyRecipe& strategy,
                              const HeadRecipe& head) {
  if (config.training.optimizer.has_value()) return *config.training.optimizer;
  if (strategy.defaults.training.optimizer == OptimizerKind::kClassMeans) {
    return OptimizerKind::kClassMeans;
  }
  if (AsksFor(config, kSgd)) return OptimizerKind::kSgd;
  if (head.defaults.training.optimizer.has_value()) return *head.defaults.training.optimizer;
  if (CanFitHead(config, head) && strategy.features_stay && !AsksForBatches(config)) {
    return OptimizerKind::kLbfgs;
  }
  if (!CanFitHead(config, head) && strategy.with_trained_head.has_value()) {
    return *strategy.with_trained_head;
  }
  return *strategy.defaults.training.optimizer;
}

}  // namespace

Choices ChoicesOf(const FineTuneConfig& config) {
  Choices choices;
  choices.strategy = ChooseStrategy(config);
  choices.head = config.head.kind.value_or(model::HeadKind::kLinear);
  const StrategyRecipe& strategy = StrategyOf(choices.strategy);
  const HeadRecipe& head = HeadOf(choices.head);
  choices.optimizer = ChooseOptimizer(config, strategy, head);
  const bool has_fit = std::any_of(strategy.phases.begin(), strategy.phases.end(),
                                   [](const PhasePlan& phase) { return phase.fits_head; });
  choices.schedule = config.training.schedule.value_or(
      head.defaults.training.schedule.value_or(ScheduleKind::kCosine));
  // Who says for how many epochs the head is trained wants it trained.
  choices.fits_head =
      choices.optimizer == OptimizerKind::kLbfgs ||
      (has_fit && CanFitHead(config, head) && config.training.head_epochs.value_or(0) == 0);
  choices.augment = config.data.augment.value_or(*strategy.defaults.data.augment);
  return choices;
}

std::string Describe(const Choices& choices) {
  return absl::StrCat(absl::AsciiStrToUpper(NameOf(choices.strategy)), ", the ",
                      absl::AsciiStrToUpper(NameOf(choices.head)), " head and ",
                      absl::AsciiStrToUpper(NameOf(choices.optimizer)),
                      choices.augment ? ", with augment" : "");
}

}  // namespace graft::recipes
