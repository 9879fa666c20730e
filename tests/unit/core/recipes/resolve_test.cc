#include "core/recipes/resolve.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/recipes/config_json.h"
#include "core/recipes/enum_words.h"
#include "core/recipes/strategies.h"
#include "core/recipes/validate.h"
#include "core/tasks/classification/options.h"

namespace graft::recipes {
namespace {

using ::testing::SizeIs;

// On frozen features, unless a test asks for more.
FineTuneConfig Classification() {
  return {.strategy = Strategy::kFeatureExtraction, .task = tasks::ClassificationOptions{}};
}

ResolvedFineTune Resolve(const FineTuneConfig& config) {
  absl::StatusOr<ResolvedFineTune> resolved = ResolveFineTune(config);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return resolved.ok() ? *resolved : ResolvedFineTune{};
}

TEST(ResolveTest, FeatureExtractionFitsALinearHeadByLbfgsInOnePhase) {
  const ResolvedFineTune resolved = Resolve(Classification());
  ASSERT_THAT(resolved.phases, SizeIs(1));
  EXPECT_EQ(resolved.phases[0].name, "head");
  EXPECT_EQ(resolved.phases[0].trainable_stages, 0);
  EXPECT_EQ(resolved.phases[0].optimizer, OptimizerKind::kLbfgs);
  EXPECT_TRUE(resolved.phases[0].cache_at_cut);
  EXPECT_EQ(resolved.config.task.As<tasks::ClassificationOptions>().label_smoothing, 0.0);
  EXPECT_EQ(resolved.config.data.validation_fraction, 0.2);
  EXPECT_FALSE(resolved.config.training.batch_size.has_value());
  EXPECT_FALSE(resolved.config.training.l2.has_value()) << "is chosen on the validation part";
}

TEST(ResolveTest, AskingForABatchSizeOrARateSwitchesToGradientDescent) {
  FineTuneConfig config = Classification();
  config.training.learning_rate = 0.01;
  EXPECT_EQ(Resolve(config).config.training.optimizer, OptimizerKind::kAdamW);
  config.training.momentum = 0.5;
  EXPECT_EQ(Resolve(config).config.training.optimizer, OptimizerKind::kSgd);
  FineTuneConfig warmed = Classification();
  warmed.training.warmup_epochs = 2;
  EXPECT_EQ(Resolve(warmed).config.training.optimizer, OptimizerKind::kAdamW);
  FineTuneConfig dropping = Classification();
  dropping.training.schedule = ScheduleKind::kStep;
  dropping.training.schedule_factor = 0.5;
  EXPECT_EQ(Resolve(dropping).config.training.optimizer, OptimizerKind::kAdamW);
}

TEST(ResolveTest, NonLinearHeadsOnFeaturesAreTrainedInBatches) {
  FineTuneConfig config = Classification();
  config.head.kind = model::HeadKind::kMlp;
  EXPECT_EQ(Resolve(config).config.training.optimizer, OptimizerKind::kAdamW);
  EXPECT_EQ(Resolve(config).config.head.hidden_units, 256);
  EXPECT_EQ(Resolve(config).config.head.dropout, 0.2);
}

std::vector<model::StageFeatures> MapsAndTokens(bool tokens) {
  if (tokens) {
    const model::FeatureMap map{.channels = 16, .tokens = 5, .prefix_tokens = 1};
    return {{"low", map}, {"middle", map}, {"high", map}};
  }
  return {{"low", {4, 8, 8}}, {"middle", {8, 4, 4}}, {"high", {16, 2, 2}}};
}

TEST(ResolveTest, AHeadIsWhatTheOptionsSay) {
  FineTuneConfig config = Classification();
  config.head.kind = model::HeadKind::kLayers;
  config.head.layers = {"dense 6", "gelu", "dropout 0.5"};
  model::HeadSpec head = HeadSpecOf(config, MapsAndTokens(false), 3);
  EXPECT_EQ(head.kind, model::HeadKind::kLayers);
  EXPECT_THAT(head.layers, SizeIs(3));
  EXPECT_EQ(head.pooling, model::Pooling::kMean) << "a dense layer reads a vector";
  EXPECT_EQ(head.parameters(), 16 * 6 + 6 + 6 * 3 + 3);
  EXPECT_EQ(HeadSpecOf(config, MapsAndTokens(true), 3).pooling, model::Pooling::kClassToken);
  config.head.layers = {"conv 6 3", "relu", "pool"};
  EXPECT_EQ(HeadSpecOf(config, MapsAndTokens(false), 3).pooling, model::Pooling::kNone);
  config.head.pooling = model::Pooling::kLastToken;
  EXPECT_EQ(HeadSpecOf(config, MapsAndTokens(true), 3).pooling, model::Pooling::kLastToken);
}

TEST(ResolveTest, TapsAreReadBottomFirstAndEndTheNetwork) {
  FineTuneConfig config = Classification();
  EXPECT_EQ(StagesRead(config, MapsAndTokens(false)), 3);
  config.head.taps = {"middle", "low"};
  EXPECT_EQ(StagesRead(config, MapsAndTokens(false)), 2);
  const model::HeadSpec head = HeadSpecOf(config, MapsAndTokens(false), 3);
  ASSERT_THAT(head.taps, SizeIs(2));
  EXPECT_EQ(head.taps[0].stage, "low");
  EXPECT_EQ(head.inputs(), 4 + 8);
  EXPECT_EQ(HeadSpecOf(config, MapsAndTokens(true), 3).pooling, model::Pooling::kClassToken);
  config.head.kind = model::HeadKind::kLayers;
  config.head.layers = {"flatten", "dense 4"};
  EXPECT_EQ(HeadSpecOf(config, MapsAndTokens(false), 3).pooling, model::Pooling::kMean)
      << "what is read of several stages is pooled";
}

TEST(ResolveTest, OnlyAHeadWithAHiddenLayerHasItsOptions) {
  FineTuneConfig config = Classification();
  for (const model::HeadKind kind :
       {model::HeadKind::kLinear, model::HeadKind::kCosine, model::HeadKind::kLayers}) {
    config.head.kind = kind;
    config.head.layers = kind == model::HeadKind::kLayers ? std::optional<TextList>({"relu"})
                                                          : std::optional<TextList>();
    EXPECT_FALSE(Resolve(config).config.head.hidden_units.has_value());
    EXPECT_FALSE(Resolve(config).config.head.dropout.has_value());
  }
}

TEST(ResolveTest, ArticleIsTheClassicRecipe) {
  FineTuneConfig config = Classification();
  config.head.kind = model::HeadKind::kArticle;
  const ResolvedFineTune resolved = Resolve(config);
  EXPECT_EQ(resolved.config.training.optimizer, OptimizerKind::kSgd);
  EXPECT_EQ(resolved.config.training.learning_rate, 1e-4);
  EXPECT_EQ(resolved.config.training.momentum, 0.9);
  EXPECT_EQ(resolved.config.training.schedule, ScheduleKind::kConstant);
  EXPECT_EQ(resolved.config.head.hidden_units, 256);
  EXPECT_EQ(resolved.config.head.dropout, 0.5);
  config.strategy = Strategy::kTopLayers;
  for (const FineTuneConfig& resolved_config : {resolved.config, Resolve(config).config}) {
    EXPECT_EQ(resolved_config.training.gradient_clip_norm, 0);
    EXPECT_EQ(resolved_config.task.As<tasks::ClassificationOptions>().label_smoothing, 0);
    EXPECT_EQ(resolved_config.training.weight_decay, 0);
  }
}

TEST(ResolveTest, TopLayersWarmsTheHeadUpThenTrainsTheLastStageAtATenthOfItsRate) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kTopLayers;
  const ResolvedFineTune resolved = Resolve(config);
  ASSERT_THAT(resolved.phases, SizeIs(2));
  EXPECT_EQ(resolved.phases[0].name, "head");
  EXPECT_EQ(resolved.phases[0].trainable_stages, 0);
  EXPECT_EQ(resolved.phases[1].name, "fine-tune");
  EXPECT_EQ(resolved.phases[1].trainable_stages, 1);
  EXPECT_TRUE(resolved.phases[1].cache_at_cut);
  EXPECT_DOUBLE_EQ(resolved.phases[1].backbone_learning_rate,
                   resolved.phases[1].head_learning_rate / 10);
  EXPECT_EQ(resolved.phases[0].epochs + resolved.phases[1].epochs,
            *resolved.config.training.epochs);
  EXPECT_EQ(resolved.total_epochs, *resolved.config.training.epochs);
  EXPECT_EQ(resolved.config.task.As<tasks::ClassificationOptions>().label_smoothing, 0.1);
}

TEST(ResolveTest, FullTrainsEverythingFromAugmentedImages) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kFull;
  config.training.head_epochs = 0;
  const ResolvedFineTune resolved = Resolve(config);
  ASSERT_THAT(resolved.phases, SizeIs(1));
  EXPECT_EQ(resolved.phases[0].trainable_stages, kAllStages);
  EXPECT_FALSE(resolved.phases[0].cache_at_cut);
  EXPECT_EQ(resolved.config.data.augment, true);
}

TEST(ResolveTest, LpFtFitsTheHeadThenTrainsEverythingAtOneLowRate) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kLpFt;
  config.training.epochs = 7;
  ResolvedFineTune resolved = Resolve(config);
  ASSERT_THAT(resolved.phases, SizeIs(2));
  EXPECT_EQ(resolved.phases[0].optimizer, OptimizerKind::kLbfgs);
  EXPECT_EQ(resolved.phases[0].trainable_stages, 0);
  EXPECT_EQ(resolved.phases[1].epochs, 7) << "the fit takes none of them";
  EXPECT_EQ(resolved.phases[1].optimizer, OptimizerKind::kSgd);
  EXPECT_EQ(resolved.phases[1].trainable_stages, kAllStages);
  EXPECT_DOUBLE_EQ(resolved.phases[1].head_learning_rate, 1e-3);
  EXPECT_DOUBLE_EQ(resolved.phases[1].backbone_learning_rate, 1e-3);
  EXPECT_EQ(resolved.config.training.head_epochs, 0);
  EXPECT_EQ(resolved.config.training.weight_averaging, true);

  // What L-BFGS cannot fit, or is not to, is trained.
  config.training.head_epochs = 3;
  EXPECT_EQ(Resolve(config).phases[0].optimizer, OptimizerKind::kSgd);
  EXPECT_EQ(Resolve(config).phases[0].epochs, 3);
  config.training.head_epochs.reset();
  config.head.kind = model::HeadKind::kMlp;
  EXPECT_EQ(Resolve(config).phases[0].optimizer, OptimizerKind::kAdamW);
  EXPECT_EQ(Resolve(config).phases[0].epochs, 3) << "half of the epochs at most";
}

TEST(ResolveTest, AScheduleBringsWhatItAloneHas) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kFull;
  EXPECT_FALSE(Resolve(config).config.training.schedule_factor.has_value());
  config.training.schedule = ScheduleKind::kStep;
  EXPECT_EQ(Resolve(config).config.training.schedule_epochs, 7);
  config.training.schedule = ScheduleKind::kPlateau;
  EXPECT_EQ(Resolve(config).config.training.schedule_epochs, 2);
  EXPECT_EQ(Resolve(config).config.training.schedule_factor, 0.1);
  config.training.schedule = ScheduleKind::kOneCycle;
  EXPECT_EQ(Resolve(config).config.training.warmup_epochs, 0) << "it rises by itself";
}

TEST(ResolveTest, GradualDealsItsEpochsOutToTheStagesThatJoin) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kGradual;
  config.training.epochs = 24;
  const ResolvedFineTune resolved = Resolve(config);
  ASSERT_THAT(resolved.phases, SizeIs(4));
  const int stages[] = {0, 1, 2, kAllStages};
  const int epochs[] = {4, 6, 6, 8};
  const char* const names[] = {"head", "unfreeze 1", "unfreeze 2", "fine-tune"};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(resolved.phases[i].trainable_stages, stages[i]);
    EXPECT_EQ(resolved.phases[i].epochs, epochs[i]);
    EXPECT_EQ(resolved.phases[i].name, names[i]);
    EXPECT_FALSE(i > 0 && resolved.phases[i].cache_at_cut) << "images are new in each epoch";
  }
  EXPECT_DOUBLE_EQ(resolved.phases[1].head_learning_rate,
                   resolved.phases[0].head_learning_rate / 2);
  config.data.augment = false;
  EXPECT_TRUE(Resolve(config).phases[1].cache_at_cut);
  EXPECT_FALSE(Resolve(config).phases[3].cache_at_cut);
}

TEST(ResolveTest, FromScratchTrainsEverythingAtOneRateWithStatisticsOfTheBatches) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kFromScratch;
  const ResolvedFineTune resolved = Resolve(config);
  ASSERT_THAT(resolved.phases, SizeIs(1));
  EXPECT_EQ(resolved.phases[0].trainable_stages, kAllStages);
  EXPECT_EQ(resolved.phases[0].batch_norm, BatchNormMode::kBatchStatistics);
  EXPECT_DOUBLE_EQ(resolved.phases[0].backbone_learning_rate,
                   resolved.phases[0].head_learning_rate);
  EXPECT_FALSE(resolved.config.training.head_epochs.has_value());
}

TEST(ResolveTest, DirectTakesNoSteps) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kDirect;
  const ResolvedFineTune resolved = Resolve(config);
  ASSERT_THAT(resolved.phases, SizeIs(1));
  EXPECT_EQ(resolved.phases[0].optimizer, OptimizerKind::kClassMeans);
  EXPECT_TRUE(resolved.phases[0].is_solved());
  EXPECT_EQ(resolved.total_epochs, 1);
  EXPECT_FALSE(resolved.config.training.batch_size.has_value());
}

TEST(ResolveTest, AutoIsTheDefaultUnlessFrozenFeaturesAreAskedFor) {
  FineTuneConfig config = {.task = tasks::ClassificationOptions{}};
  const ResolvedFineTune resolved = Resolve(config);
  EXPECT_EQ(resolved.config.strategy, Strategy::kAuto);
  ASSERT_THAT(resolved.phases, SizeIs(3));
  EXPECT_EQ(resolved.phases[0].optimizer, OptimizerKind::kLbfgs);
  EXPECT_FALSE(resolved.phases[0].on_promise);
  EXPECT_EQ(resolved.phases[1].trainable_stages, 1);
  EXPECT_TRUE(resolved.phases[1].on_promise && resolved.phases[1].cache_at_cut);
  EXPECT_EQ(resolved.phases[2].trainable_stages, kAllStages);
  EXPECT_TRUE(resolved.phases[2].on_promise);
  EXPECT_EQ(resolved.total_epochs, resolved.phases[0].epochs + resolved.phases[2].epochs)
      << "one of the two is run";
  config.training.optimizer = OptimizerKind::kLbfgs;
  EXPECT_EQ(Resolve(config).config.strategy, Strategy::kFeatureExtraction);
  config.training.optimizer = OptimizerKind::kClassMeans;
  EXPECT_EQ(Resolve(config).config.strategy, Strategy::kFeatureExtraction);
  config.training.optimizer.reset();
  config.data.augment = true;
  config.data.augmented_views = 2;
  EXPECT_EQ(Resolve(config).config.strategy, Strategy::kFeatureExtraction);
}

TEST(ResolveTest, PretrainedBatchNormStatisticsStayByDefault) {
  for (const StrategyRecipe& strategy : Strategies()) {
    FineTuneConfig config = Classification();
    config.strategy = strategy.strategy;
    for (const PhaseSpec& phase : Resolve(config).phases) {
      EXPECT_EQ(phase.batch_norm == BatchNormMode::kFrozenStatistics, !strategy.draws_weights)
          << strategy.word;
    }
  }
}

TEST(ResolveTest, OneEpochIsEnoughForEveryStrategy) {
  for (const StrategyRecipe& strategy : Strategies()) {
    FineTuneConfig config = Classification();
    config.strategy = strategy.strategy;
    config.training.epochs = 1;
    int epochs = 0;
    for (const PhaseSpec& phase : Resolve(config).phases) {
      const bool beside = phase.is_solved() && strategy.phases.size() > 1;
      if (!beside)
        epochs = phase.on_promise ? std::max(epochs, phase.epochs) : epochs + phase.epochs;
    }
    EXPECT_EQ(epochs, 1) << strategy.word;
  }
}

TEST(ResolveTest, EveryStrategyNamesWhatNoOptionsOwnDefaultCanBe) {
  for (const StrategyRecipe& strategy : Strategies()) {
    EXPECT_TRUE(strategy.defaults.training.epochs.has_value() ||
                strategy.strategy == Strategy::kDirect)
        << strategy.word;
    EXPECT_TRUE(strategy.defaults.training.optimizer.has_value()) << strategy.word;
    EXPECT_TRUE(strategy.defaults.data.augment.has_value()) << strategy.word;
    EXPECT_FALSE(strategy.phases.empty()) << strategy.word;
  }
}

TEST(ResolveTest, TheHeadFollowsFromOptionsFeaturesAndOutputs) {
  FineTuneConfig config = Classification();
  config.head.dropout = 0.3;  // of another head
  EXPECT_EQ(HeadSpecOf(config, {{"last", {64, 7, 7}}}, 5),
            (model::HeadSpec{model::HeadKind::kLinear, {64, 7, 7}, 0, 0, 5}));
  config.head.kind = model::HeadKind::kMlp;
  config.head.hidden_units = 32;
  EXPECT_EQ(HeadSpecOf(config, {{"last", {64, 7, 7}}}, 5),
            (model::HeadSpec{model::HeadKind::kMlp, {64, 7, 7}, 32, 0.3, 5}));
  const model::FeatureMap with_class_token = {.channels = 64, .tokens = 50, .prefix_tokens = 1};
  EXPECT_EQ(HeadSpecOf(config, {{"last", with_class_token}}, 5).pooling,
            model::Pooling::kClassToken);
}

TEST(ResolveTest, ResolvingTwiceChangesNothing) {
  for (const StrategyRecipe& strategy : Strategies()) {
    for (model::HeadKind head :
         {model::HeadKind::kLinear, model::HeadKind::kMlp, model::HeadKind::kArticle}) {
      FineTuneConfig config = Classification();
      config.strategy = strategy.strategy;
      config.head.kind = head;
      if (!FindViolations(config).empty()) continue;  // DIRECT has a linear head alone
      const ResolvedFineTune once = Resolve(config);
      const ResolvedFineTune twice = Resolve(once.config);
      EXPECT_EQ(twice.total_epochs, once.total_epochs);
      EXPECT_EQ(ConfigToJson(twice.config), ConfigToJson(once.config));
      EXPECT_EQ(twice.phases.size(), once.phases.size());
    }
  }
}

}  // namespace
}  // namespace graft::recipes
