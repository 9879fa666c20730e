#include "core/recipes/options_table.h"

#include <algorithm>

#include "core/model/head_layer_text.h"
#include "core/recipes/strategies.h"

namespace graft::recipes {
namespace {

std::optional<double> DeriveBackboneRate(const FineTuneConfig& config, std::optional<double>) {
  // None with LBFGS, which is refused for what trains stages, but only later.
  if (!config.training.learning_rate.has_value()) return std::nullopt;
  return *config.training.learning_rate * BackboneRateRatio(config);
}

std::optional<int> DeriveHeadEpochs(const FineTuneConfig& config, std::optional<int> recipe) {
  if (ChoicesOf(config).fits_head) return 0;
  return std::min(recipe.value_or(0), *config.training.epochs / 2);
}

std::string CheckLbfgs(const CheckInput& in) {
  const TaskOptionGroup* const task = in.asked.task.group();
  if (task == nullptr || !task->convex) {
    return "LBFGS cannot fit this task: use ADAMW or SGD";
  }
  if (StrategyOf(in.choices.strategy).features_stay &&
      in.choices.head == model::HeadKind::kLinear) {
    return "";
  }
  return "LBFGS fits a linear head on frozen features only: use ADAMW or SGD, or "
         "FEATURE_EXTRACTION with a LINEAR head";
}

// Also where DIRECT brings it along.
std::string CheckClassMeans(const CheckInput& in) {
  const TaskOptionGroup* const task = in.asked.task.group();
  if (task != nullptr && !task->one_class) {
    return "CLASS_MEANS needs one class an image, which this task does not have: use another "
           "strategy or optimizer";
  }
  if (StrategyOf(in.choices.strategy).features_stay &&
      in.choices.head == model::HeadKind::kLinear) {
    return "";
  }
  return "CLASS_MEANS makes a linear head on frozen features only: use a LINEAR head with "
         "FEATURE_EXTRACTION or DIRECT, or ADAMW or SGD";
}

std::string CheckOptimizer(const CheckInput& in) {
  if (in.choices.strategy == Strategy::kDirect &&
      in.choices.optimizer != OptimizerKind::kClassMeans) {
    return "DIRECT takes no steps: leave the optimizer out, or take FEATURE_EXTRACTION";
  }
  if (in.choices.optimizer == OptimizerKind::kClassMeans) return CheckClassMeans(in);
  return in.asked.training.optimizer == OptimizerKind::kLbfgs ? CheckLbfgs(in) : "";
}

std::string CheckWeightAveraging(const CheckInput& in) {
  if (!in.asked.training.weight_averaging.value_or(false) || in.choices.fits_head ||
      in.filled.training.head_epochs.value_or(0) > 0) {
    return "";
  }
  return "mixes with the weights after the head alone was trained: set training.head_epochs, or "
         "take LP_FT";
}

std::string CheckLayers(const CheckInput& in) {
  if (in.choices.head != model::HeadKind::kLayers) return "";
  const std::optional<TextList>& layers = in.asked.head.layers;
  if (!layers.has_value() || layers->empty()) {
    return "is required with a LAYERS head: for example \"dense 64\", \"relu\"";
  }
  return std::string(model::HeadLayersFromTexts(*layers).status().message());
}

std::string CheckPoolingOption(const CheckInput& in) {
  if (in.asked.head.pooling != model::Pooling::kNone) return "";
  if (in.choices.head == model::HeadKind::kLinear || in.choices.head == model::HeadKind::kMlp ||
      in.choices.head == model::HeadKind::kCosine) {
    return "NONE is for a LAYERS head: the others that pool read one vector";
  }
  if (in.asked.head.taps.has_value() && !in.asked.head.taps->empty()) {
    return "NONE does not go with taps: what is read of several stages is pooled";
  }
  return "";
}

std::string CheckTaps(const CheckInput& in) {
  if (!in.asked.head.taps.has_value()) return "";
  TextList sorted = *in.asked.head.taps;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  return twice == sorted.end() ? "" : absl::StrCat("has \"", *twice, "\" twice");
}

std::string CheckHeadEpochs(const CheckInput& in) {
  const std::optional<int> asked = in.asked.training.head_epochs;
  if (!asked.has_value() || *asked < *in.filled.training.epochs) return "";
  return absl::StrCat("must be below training.epochs (", *in.filled.training.epochs, "), got ",
                      *asked);
}

std::string CheckFraming(const CheckInput& in) {
  if (in.asked.data.framing != FramingChoice::kAuto || kFittedHead.holds(in.choices)) return "";
  return absl::StrCat("AUTO is judged by the fit of LBFGS, and this job has ", Describe(in.choices),
                      ": take CENTRE_CROP, SQUEEZE or LETTERBOX");
}

std::string CheckFractions(const CheckInput& in) {
  const double held_out = *in.filled.data.validation_fraction + *in.filled.data.test_fraction;
  return held_out > 0.95 ? "leaves less than 5 % of the images for training" : "";
}

}  // namespace

absl::Span<const OptionGroup> CommonOptions() {
  static const std::vector<OptionGroup> groups = {
      {"",
       "Strategy",
       {MakeOption<FineTuneConfig, Strategy>(
           "", "strategy", &FineTuneConfig::strategy,
           {.help = "How much of the pretrained network learns",
            .defaults = {{&kAlways, Strategy::kAuto}},
            .derived = "FEATURE_EXTRACTION where LBFGS, CLASS_MEANS or augmented_views is asked "
                       "for"})}},
      {"head",
       "Head",
       {
#define GRAFT_OPTION(type, name, ...) \
  MakeOption<HeadOptions, type>("head", #name, &HeadOptions::name, {__VA_ARGS__}),
#include "core/recipes/head_options.def"
#undef GRAFT_OPTION
       }},
      {"training",
       "Training",
       {
#define GRAFT_OPTION(type, name, ...) \
  MakeOption<TrainingOptions, type>("training", #name, &TrainingOptions::name, {__VA_ARGS__}),
#include "core/recipes/training_options.def"
#undef GRAFT_OPTION
       }},
      {"data",
       "Data",
       {
#define GRAFT_OPTION(type, name, ...) \
  MakeOption<DataOptions, type>("data", #name, &DataOptions::name, {__VA_ARGS__}),
#include "core/recipes/data_options.def"
#undef GRAFT_OPTION
       }},
      {"publish",
       "Publishing",
       {
#define GRAFT_OPTION(type, name, ...) \
  MakeOption<PublishOptions, type>("publish", #name, &PublishOptions::name, {__VA_ARGS__}),
#include "core/recipes/publish_options.def"
#undef GRAFT_OPTION
       }},
  };
  return groups;
}

}  // namespace graft::recipes
