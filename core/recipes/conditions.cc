#include "core/recipes/conditions.h"

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

// An optimizer is asked for by name or by an option that it alone has; else the head's recipe names
// it; else a linear head on fixed features is fitted in one go where nothing of training in batches
// is asked for; else it is the strategy's.
OptimizerKind ChooseOptimizer(const FineTuneConfig& config, const StrategyRecipe& strategy,
                              const HeadRecipe& head) {
  if (config.training.optimizer.has_value()) return *config.training.optimizer;
  if (AsksFor(config, kSgd)) return OptimizerKind::kSgd;
  if (head.defaults.training.optimizer.has_value()) return *head.defaults.training.optimizer;
  const TaskOptionGroup* const task = config.task.group();
  if (task != nullptr && task->convex && strategy.features_stay &&
      head.head == model::HeadKind::kLinear && !AsksFor(config, kBatches)) {
    return OptimizerKind::kLbfgs;
  }
  return *strategy.defaults.training.optimizer;
}

}  // namespace

Choices ChoicesOf(const FineTuneConfig& config) {
  Choices choices;
  choices.strategy = config.strategy.value_or(Strategy::kFeatureExtraction);
  choices.head = config.head.kind.value_or(model::HeadKind::kLinear);
  const StrategyRecipe& strategy = StrategyOf(choices.strategy);
  choices.optimizer = ChooseOptimizer(config, strategy, HeadOf(choices.head));
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
