#ifndef GRAFT_CORE_RECIPES_STRATEGIES_H_
#define GRAFT_CORE_RECIPES_STRATEGIES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/recipes/conditions.h"
#include "core/recipes/fine_tune_config.h"
#include "core/recipes/phase.h"

namespace graft::recipes {

// Recipes: the values that a strategy, a head or an optimizer brings along for options that the
// request leaves out. Where several name one the head's holds, then the optimizer's, then the
// strategy's; where none does, the option's own default (its row). All tables are constant.

// What a phase trains of the backbone, besides the head.
enum class Trains { kHead, kLastStages, kEverything };

// Which of the job's epochs a phase takes.
enum class EpochShare { kHeadEpochs, kRest };

struct PhasePlan {
  std::string name;  // PhaseSpec::name
  Trains trains = Trains::kHead;
  EpochShare epochs = EpochShare::kRest;
  bool cache_at_cut = true;  // as in PhaseSpec
};

// Adding one takes a value of the enum and of the API's, and a row.
struct StrategyRecipe {
  Strategy strategy;
  absl::string_view word;  // "top_layers"
  absl::string_view help;
  // Whether a backbone's features are the same from the first step to the last, so that a linear
  // head can be fitted to them in one go.
  bool features_stay = false;
  double backbone_rate_ratio = 0;  // backbone_learning_rate / learning_rate
  BatchNormMode batch_norm = BatchNormMode::kFrozenStatistics;
  std::vector<PhasePlan> phases;  // in order; those without epochs are left out
  FineTuneConfig defaults = {};   // names epochs, optimizer and augment at least
};

struct HeadRecipe {
  model::HeadKind head;
  absl::string_view help;
  std::optional<double> backbone_rate_ratio = {};  // instead of the strategy's
  FineTuneConfig defaults = {};
};

struct OptimizerRecipe {
  OptimizerKind optimizer;
  absl::string_view word;
  absl::string_view help;
  FineTuneConfig defaults = {};
};

absl::Span<const StrategyRecipe> Strategies();
absl::Span<const HeadRecipe> Heads();
absl::Span<const OptimizerRecipe> Optimizers();

const StrategyRecipe& StrategyOf(Strategy strategy);
const HeadRecipe& HeadOf(model::HeadKind head);
const OptimizerRecipe& OptimizerOf(OptimizerKind optimizer);

// backbone_learning_rate / learning_rate of a configuration whose strategy and head are set.
double BackboneRateRatio(const FineTuneConfig& config);

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_STRATEGIES_H_
