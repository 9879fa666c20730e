#include "core/recipes/strategies.h"

#include <algorithm>

#include "core/recipes/enum_words.h"

namespace graft::recipes {
namespace {

// Of LP_FT's second phase, against training.learning_rate.
constexpr double kLowRate = 0.1;

// The rows of a recipe table as the words of its enum.
template <typename Enum, typename Recipe>
std::vector<EnumWord<Enum>> WordsIn(absl::Span<const Recipe> recipes, Enum Recipe::*value) {
  std::vector<EnumWord<Enum>> words;
  for (const Recipe& recipe : recipes) words.push_back({recipe.*value, recipe.word, recipe.help});
  return words;
}

template <typename Enum, typename Recipe>
const Recipe& Row(absl::Span<const Recipe> recipes, Enum Recipe::*value, Enum wanted) {
  return *std::find_if(recipes.begin(), recipes.end(),
                       [&](const Recipe& recipe) { return recipe.*value == wanted; });
}

}  // namespace

// Sources. The linear probe's regularised regression needs no rates. Pretrained layers learn at a
// tenth of the head's rate, so that the first, noisy gradients do not wash the pretrained features
// out (Kumar et al. 2022); FULL is SGD with a rate that Kornblith et al. 2019 find about best for
// most sets.
//
// BatchNorm keeps its pretrained statistics in every recipe: batches of a small set estimate them
// badly, and training and serving then see the same function.
absl::Span<const StrategyRecipe> Strategies() {
  static const std::vector<StrategyRecipe> strategies = {
      // As LP_FT, or its cheaper kin where that would take too long: what enters the last stages is
      // kept, so only those run in each epoch.
      {.strategy = Strategy::kAuto,
       .word = "auto",
       .help =
           "The head on features as they are; then, where validation and the number of images "
           "promise more than 0.01 of the task's main figure, everything is fine-tuned as in "
           "LP_FT, or the last stages alone where that would be more than 100 TFLOP on a CPU or "
           "10,000 on an accelerator. The head alone is published unless fine-tuning is better "
           "by more than 0.005 and by more than one image. The model card says what was decided "
           "and why",
       .with_trained_head = OptimizerKind::kAdamW,
       .backbone_rate_ratio = kLowRate,
       .phases = {{.name = "head", .epochs = EpochShare::kHeadEpochs, .fits_head = true},
                  {.name = "top layers",
                   .trains = Trains::kLastStages,
                   .head_rate = kLowRate,
                   .on_promise = true},
                  {.name = "fine-tune",
                   .trains = Trains::kEverything,
                   .keeps = Keeps::kNothing,
                   .head_rate = kLowRate,
                   .on_promise = true}},
       .defaults = {.training = {.epochs = 15,
                                 .optimizer = OptimizerKind::kSgd,
                                 .gradient_clip_norm = 1.0,
                                 .early_stopping_patience = 4,
                                 .head_epochs = 10,
                                 .weight_averaging = true},
                    .data = {.augment = true}}},
      {.strategy = Strategy::kFeatureExtraction,
       .word = "feature_extraction",
       .help = "A head on the features of the backbone, which stays as it is and runs once over "
               "each image",
       .features_stay = true,
       .phases = {{.name = "head"}},
       .defaults = {.training = {.epochs = 60,
                                 .optimizer = OptimizerKind::kAdamW,
                                 .gradient_clip_norm = 0.0,
                                 .early_stopping_patience = 10},
                    .data = {.augment = false}}},
      {.strategy = Strategy::kTopLayers,
       .word = "top_layers",
       .help = "The head first, then the head and the last stages of the backbone",
       .backbone_rate_ratio = 0.1,
       .phases = {{.name = "head", .epochs = EpochShare::kHeadEpochs},
                  {.name = "fine-tune", .trains = Trains::kLastStages}},
       .defaults = {.training = {.epochs = 20,
                                 .optimizer = OptimizerKind::kAdamW,
                                 .gradient_clip_norm = 1.0,
                                 .early_stopping_patience = 5,
                                 .head_epochs = 10},
                    .data = {.augment = false}}},
      {.strategy = Strategy::kFull,
       .word = "full",
       .help = "The head first, then everything, from images that are new in each epoch",
       .backbone_rate_ratio = 0.1,
       .phases = {{.name = "head", .epochs = EpochShare::kHeadEpochs},
                  {.name = "fine-tune", .trains = Trains::kEverything, .keeps = Keeps::kNothing}},
       .defaults = {.training = {.epochs = 20,
                                 .optimizer = OptimizerKind::kSgd,
                                 .gradient_clip_norm = 1.0,
                                 .early_stopping_patience = 5,
                                 .head_epochs = 3},
                    .data = {.augment = true}}},
      // Head and backbone at one low rate: the head stands at its optimum already.
      {.strategy = Strategy::kLpFt,
       .word = "lp_ft",
       .help = "The head to its optimum on the features as they are (a linear one by LBFGS), then "
               "everything at a low rate, then a mixture of the weights before and after (Kumar et "
               "al. 2022, Wortsman et al. 2022)",
       .with_trained_head = OptimizerKind::kAdamW,
       .backbone_rate_ratio = kLowRate,
       .phases = {{.name = "head", .epochs = EpochShare::kHeadEpochs, .fits_head = true},
                  {.name = "fine-tune",
                   .trains = Trains::kEverything,
                   .keeps = Keeps::kNothing,
                   .head_rate = kLowRate}},
       .defaults = {.training = {.epochs = 20,
                                 .optimizer = OptimizerKind::kSgd,
                                 .gradient_clip_norm = 1.0,
                                 .early_stopping_patience = 5,
                                 .head_epochs = 10,
                                 .weight_averaging = true},
                    .data = {.augment = true}}},
      {.strategy = Strategy::kGradual,
       .word = "gradual",
       .help = "The head, then the last stage joins, then the one below it and so on, then "
               "everything (Howard & Ruder 2018)",
       .backbone_rate_ratio = 0.1,
       .phases = {{.name = "head", .epochs = EpochShare::kHeadEpochs},
                  {.name = "unfreeze",
                   .trains = Trains::kOneByOne,
                   .keeps = Keeps::kPlain,
                   .head_rate = 0.5},
                  {.name = "fine-tune",
                   .trains = Trains::kEverything,
                   .keeps = Keeps::kNothing,
                   .head_rate = 0.5}},
       .defaults = {.training = {.epochs = 20,
                                 .optimizer = OptimizerKind::kAdamW,
                                 .layer_decay = 0.5,
                                 .gradient_clip_norm = 1.0,
                                 .early_stopping_patience = 5,
                                 .trainable_stages = 2,
                                 .head_epochs = 4},
                    .data = {.augment = true}}},
      // No statistics are there to be kept, so those of the batches are taken.
      {.strategy = Strategy::kFromScratch,
       .word = "from_scratch",
       .help = "Everything, from weights that are drawn anew: of the pretrained network only the "
               "structure is kept. For many images that are like none it has seen",
       .draws_weights = true,
       .backbone_rate_ratio = 1,
       .batch_norm = BatchNormMode::kBatchStatistics,
       .phases = {{.name = "train", .trains = Trains::kEverything, .keeps = Keeps::kNothing}},
       .defaults = {.training = {.epochs = 100,
                                 .optimizer = OptimizerKind::kAdamW,
                                 .warmup_epochs = 5.0,
                                 .gradient_clip_norm = 1.0,
                                 .early_stopping_patience = 20},
                    .data = {.augment = true}}},
      {.strategy = Strategy::kDirect,
       .word = "direct",
       .help = "No training: an image goes to the class whose mean features are nearest to its own",
       .features_stay = true,
       .phases = {{.name = "head"}},
       .defaults = {.training = {.optimizer = OptimizerKind::kClassMeans},
                    .data = {.augment = false}}},
  };
  return strategies;
}

absl::Span<const HeadRecipe> Heads() {
  static const std::vector<HeadRecipe> heads = {
      {.head = model::HeadKind::kLinear, .help = "One linear layer on the pooled features"},
      {.head = model::HeadKind::kMlp,
       .help = "A hidden layer with ReLU and dropout, then a linear layer, on the pooled features",
       .defaults = {.head = {.dropout = 0.2}}},
      // Trained as the published recipe says, whatever the strategy: one constant rate for the head
      // and the block below it, gradients and labels as they are.
      {.head = model::HeadKind::kArticle,
       .help = "Flatten, a hidden layer with ReLU and dropout, a linear layer: the classic recipe "
               "for VGG16",
       .backbone_rate_ratio = 1.0,
       .defaults = {.head = {.dropout = 0.5},
                    .training = {.learning_rate = 1e-4,
                                 .weight_decay = 0.0,
                                 .optimizer = OptimizerKind::kSgd,
                                 .schedule = ScheduleKind::kConstant,
                                 .warmup_epochs = 0.0,
                                 .gradient_clip_norm = 0.0}}},
      {.head = model::HeadKind::kCosine,
       .help = "The cosine between the pooled features and a learnt vector for each output, times "
               "a learnt scale (Gidaris & Komodakis 2018)"},
      {.head = model::HeadKind::kLayers,
       .help = "The layers that `layers` lists, then a linear layer"},
  };
  return heads;
}

// A rate suits an optimizer: SGD steps about ten times as far as AdamW for the same progress.
absl::Span<const OptimizerRecipe> Optimizers() {
  static const std::vector<OptimizerRecipe> optimizers = {
      {.optimizer = OptimizerKind::kLbfgs,
       .word = "lbfgs",
       .help = "All images in each step, to the optimum of a regularised linear model; a linear "
               "head of FEATURE_EXTRACTION only",
       .defaults = {.training = {.epochs = 300}}},
      {.optimizer = OptimizerKind::kAdamW,
       .word = "adamw",
       .help = "Adam with decoupled weight decay",
       .defaults = {.training = {.learning_rate = 1e-3, .weight_decay = 1e-2}}},
      {.optimizer = OptimizerKind::kSgd,
       .word = "sgd",
       .help = "Stochastic gradient descent with momentum",
       .defaults = {.training = {.learning_rate = 1e-2, .weight_decay = 5e-4, .momentum = 0.9}}},
      {.optimizer = OptimizerKind::kClassMeans,
       .word = "class_means",
       .help =
           "No steps: a linear head by which an image goes to the class whose mean features are "
           "nearest to its own (Mensink et al. 2013), as sure as leave-one-out shows it to be; "
           "one class an image, in FEATURE_EXTRACTION and DIRECT only",
       .defaults = {.training = {.epochs = 1}}},
  };
  return optimizers;
}

const StrategyRecipe& StrategyOf(Strategy strategy) {
  return Row(Strategies(), &StrategyRecipe::strategy, strategy);
}

const HeadRecipe& HeadOf(model::HeadKind head) { return Row(Heads(), &HeadRecipe::head, head); }

const OptimizerRecipe& OptimizerOf(OptimizerKind optimizer) {
  return Row(Optimizers(), &OptimizerRecipe::optimizer, optimizer);
}

double BackboneRateRatio(const FineTuneConfig& config) {
  return HeadOf(*config.head.kind)
      .backbone_rate_ratio.value_or(StrategyOf(*config.strategy).backbone_rate_ratio);
}

absl::Span<const EnumWord<Strategy>> WordsOf(Strategy) {
  static const auto words = WordsIn(Strategies(), &StrategyRecipe::strategy);
  return words;
}

absl::Span<const EnumWord<model::HeadKind>> WordsOf(model::HeadKind) {
  static const auto words = [] {
    std::vector<EnumWord<model::HeadKind>> made;
    for (const HeadRecipe& each : Heads()) {
      made.push_back({each.head, model::HeadKindName(each.head), each.help});
    }
    return made;
  }();
  return words;
}

absl::Span<const EnumWord<OptimizerKind>> WordsOf(OptimizerKind) {
  static const auto words = WordsIn(Optimizers(), &OptimizerRecipe::optimizer);
  return words;
}

absl::Span<const EnumWord<ScheduleKind>> WordsOf(ScheduleKind) {
  static constexpr EnumWord<ScheduleKind> kWords[] = {
      {ScheduleKind::kCosine, "cosine", "Along half a cosine down to 0"},
      {ScheduleKind::kConstant, "constant", "They stay"},
      {ScheduleKind::kStep, "step", "Times schedule_factor after every schedule_epochs epochs"},
      {ScheduleKind::kOneCycle, "one_cycle",
       "From a 25th up along half a cosine in the first 30 % of the steps, then down along half a "
       "cosine to a 10,000th of where it began (Smith & Topin 2019); there is no other warm-up"},
      {ScheduleKind::kPlateau, "plateau",
       "Times schedule_factor where validation has cost no less for more than schedule_epochs "
       "epochs"},
  };
  return kWords;
}

absl::Span<const EnumWord<model::Pooling>> WordsOf(model::Pooling) {
  static const std::vector<EnumWord<model::Pooling>> words = [] {
    std::vector<EnumWord<model::Pooling>> made;
    const auto add = [&made](model::Pooling pooling, absl::string_view help) {
      made.push_back({pooling, model::PoolingName(pooling), help});
    };
    add(model::Pooling::kMean, "Over the map's pixels, or the tokens behind the class token");
    add(model::Pooling::kClassToken,
        "The first token, of a vision transformer that has a class token");
    add(model::Pooling::kLastToken, "The last token");
    add(model::Pooling::kNone,
        "Not at all: the layers of a LAYERS head read the map or the tokens");
    return made;
  }();
  return words;
}

absl::Span<const EnumWord<FramingChoice>> WordsOf(FramingChoice) {
  static constexpr EnumWord<FramingChoice> kWords[] = {
      {FramingChoice::kCentreCrop, "centre_crop",
       "The centre of the picture, as most weights were published with; the edges are not seen"},
      {FramingChoice::kSqueeze, "squeeze", "The whole picture, squeezed into the input's shape"},
      {FramingChoice::kLetterbox, "letterbox", "The whole picture, in its shape, in black bars"},
      {FramingChoice::kAuto, "auto",
       "The one of these under which a linear head does best in cross-validation on the training "
       "images; the backbone runs once more for each"},
  };
  return kWords;
}

absl::Span<const EnumWord<PrecisionChoice>> WordsOf(PrecisionChoice) {
  static constexpr EnumWord<PrecisionChoice> kWords[] = {
      {PrecisionChoice::kAuto, "auto",
       "The fastest that gives at least 99.5 % of the answers of F32 on 1,000 pictures, views of "
       "the "
       "validation part's where those are fewer, and loses at most 0.005 of the task's main "
       "figure"},
      {PrecisionChoice::kF32, "f32", "32 bits; others are not tried"},
      {PrecisionChoice::kBf16, "bf16", "16 bits, whatever comes of the trial"},
      {PrecisionChoice::kInt8, "int8",
       "8-bit integers in the layers that cost most, whatever comes of the trial"},
  };
  return kWords;
}

}  // namespace graft::recipes
