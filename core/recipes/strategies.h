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
enum class Trains {
  kHead,
  kLastStages,  // training.trainable_stages of them
  kOneByOne,    // the last one, then the last two, and so on up to as many: a phase for each
  kEverything,
};

// Which of the job's epochs a phase takes.
enum class EpochShare {
  kHeadEpochs,
  kRest,  // of those kOneByOne all phases that train stages take alike, and the last what is over
};

// What a phase keeps of what enters its first trained stage: PhaseSpec::cache_at_cut.
enum class Keeps {
  kViews,  // the plain image and its augmented views
  kPlain,  // the plain image, where nothing is augmented; else nothing
  kNothing,
};

struct PhasePlan {
  std::string name;  // PhaseSpec::name
  Trains trains = Trains::kHead;
  EpochShare epochs = EpochShare::kRest;
  Keeps keeps = Keeps::kViews;
  // A linear head is fitted by LBFGS to its optimum, beside the job's epochs.
  bool fits_head = false;
  double head_rate = 1;     // the head's rate / training.learning_rate
  bool on_promise = false;  // as in PhaseSpec
};

// Adding one takes a value of the enum and of the API's, and a row.
struct StrategyRecipe {
  Strategy strategy;
  absl::string_view word;  // "top_layers"
  absl::string_view help;
  // Whether a backbone's features are the same from the first step to the last, so that a linear
  // head can be fitted to them in one go.
  bool features_stay = false;
  // The backbone's weights are not the pretrained ones but drawn from the seed.
  bool draws_weights = false;
  // Instead of the default optimizer, where the head is trained and not fitted by LBFGS.
  std::optional<OptimizerKind> with_trained_head = {};
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
