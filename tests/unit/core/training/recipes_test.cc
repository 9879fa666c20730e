#include "core/training/recipes.h"

#include <cmath>
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ResolvedFineTune Resolve(const FineTuneConfig& config) {
  absl::StatusOr<ResolvedFineTune> resolved = ResolveFineTune(config);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return resolved.ok() ? *resolved : ResolvedFineTune{};
}

TEST(RecipesTest, FeatureExtractionFitsALinearHeadByLbfgsInOnePhase) {
  const ResolvedFineTune resolved = Resolve({});
  ASSERT_THAT(resolved.phases, SizeIs(1));
  EXPECT_EQ(resolved.phases[0].name, "head");
  EXPECT_EQ(resolved.phases[0].trainable_stages, 0);
  EXPECT_EQ(resolved.phases[0].optimizer, OptimizerKind::kLbfgs);
  EXPECT_TRUE(resolved.phases[0].cache_at_cut);
  EXPECT_EQ(resolved.config.label_smoothing, 0.0);
  EXPECT_EQ(resolved.config.validation_fraction, 0.2);
  EXPECT_FALSE(resolved.config.batch_size.has_value());
  EXPECT_FALSE(resolved.config.l2.has_value()) << "is chosen on the validation part";
}

TEST(RecipesTest, AskingForABatchSizeOrARateSwitchesToGradientDescent) {
  FineTuneConfig config;
  config.learning_rate = 0.01;
  EXPECT_EQ(Resolve(config).config.optimizer, OptimizerKind::kAdamW);
  config.momentum = 0.5;
  EXPECT_EQ(Resolve(config).config.optimizer, OptimizerKind::kSgd);
}

TEST(RecipesTest, NonLinearHeadsOnFeaturesAreTrainedInBatches) {
  FineTuneConfig config;
  config.head = HeadKind::kMlp;
  EXPECT_EQ(Resolve(config).config.optimizer, OptimizerKind::kAdamW);
  EXPECT_EQ(Resolve(config).config.hidden_units, 256);
  EXPECT_EQ(Resolve(config).config.dropout, 0.2);
}

TEST(RecipesTest, ArticleIsTheClassicRecipe) {
  FineTuneConfig config;
  config.head = HeadKind::kArticle;
  const ResolvedFineTune resolved = Resolve(config);
  EXPECT_EQ(resolved.config.optimizer, OptimizerKind::kSgd);
  EXPECT_EQ(resolved.config.learning_rate, 1e-4);
  EXPECT_EQ(resolved.config.momentum, 0.9);
  EXPECT_EQ(resolved.config.schedule, ScheduleKind::kConstant);
  EXPECT_EQ(resolved.config.hidden_units, 256);
  EXPECT_EQ(resolved.config.dropout, 0.5);
  config.strategy = Strategy::kTopLayers;
  for (const FineTuneConfig& resolved_config : {resolved.config, Resolve(config).config}) {
    EXPECT_EQ(resolved_config.gradient_clip_norm, 0);
    EXPECT_EQ(resolved_config.label_smoothing, 0);
    EXPECT_EQ(resolved_config.weight_decay, 0);
  }
}

TEST(RecipesTest, TopLayersWarmsTheHeadUpThenTrainsTheLastStageAtATenthOfItsRate) {
  FineTuneConfig config;
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
  EXPECT_EQ(resolved.phases[0].epochs + resolved.phases[1].epochs, *resolved.config.epochs);
  EXPECT_EQ(resolved.total_epochs, *resolved.config.epochs);
  EXPECT_EQ(resolved.config.label_smoothing, 0.1);
}

TEST(RecipesTest, FullTrainsEverythingFromAugmentedImages) {
  FineTuneConfig config;
  config.strategy = Strategy::kFull;
  config.head_epochs = 0;
  const ResolvedFineTune resolved = Resolve(config);
  ASSERT_THAT(resolved.phases, SizeIs(1));
  EXPECT_EQ(resolved.phases[0].trainable_stages, kAllStages);
  EXPECT_FALSE(resolved.phases[0].cache_at_cut);
  EXPECT_EQ(resolved.config.augment, true);
}

TEST(RecipesTest, FrozenBatchNormStatisticsAreTheDefaultEverywhere) {
  for (Strategy strategy : {Strategy::kFeatureExtraction, Strategy::kTopLayers, Strategy::kFull}) {
    FineTuneConfig config;
    config.strategy = strategy;
    for (const PhaseSpec& phase : Resolve(config).phases) {
      EXPECT_EQ(phase.batch_norm, BatchNormMode::kFrozenStatistics) << StrategyName(strategy);
    }
  }
}

TEST(RecipesTest, OneEpochIsEnoughForEveryStrategy) {
  for (Strategy strategy : {Strategy::kFeatureExtraction, Strategy::kTopLayers, Strategy::kFull}) {
    FineTuneConfig config;
    config.strategy = strategy;
    config.epochs = 1;
    EXPECT_EQ(Resolve(config).total_epochs, 1) << StrategyName(strategy);
  }
}

TEST(RecipesTest, ResolvingTwiceChangesNothing) {
  for (Strategy strategy : {Strategy::kFeatureExtraction, Strategy::kTopLayers, Strategy::kFull}) {
    for (HeadKind head : {HeadKind::kLinear, HeadKind::kMlp, HeadKind::kArticle}) {
      FineTuneConfig config;
      config.strategy = strategy;
      config.head = head;
      const ResolvedFineTune once = Resolve(config);
      const ResolvedFineTune twice = Resolve(once.config);
      EXPECT_EQ(twice.total_epochs, once.total_epochs);
      EXPECT_EQ(twice.config.optimizer, once.config.optimizer);
      EXPECT_EQ(twice.config.learning_rate, once.config.learning_rate);
      EXPECT_EQ(twice.phases.size(), once.phases.size());
    }
  }
}

struct BadConfig {
  const char* field;
  std::function<void(FineTuneConfig&)> spoil;
};

class BadConfigTest : public ::testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRefusedByTheNameOfItsField) {
  FineTuneConfig config;
  GetParam().spoil(config);
  const absl::Status status = ResolveFineTune(config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().field));
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Fields, BadConfigTest,
    ::testing::Values(
        BadConfig{"training.epochs", [](auto& c) { c.epochs = 0; }},
        BadConfig{"training.epochs", [](auto& c) { c.epochs = 1'000'000'000; }},
        BadConfig{"training.batch_size", [](auto& c) { c.batch_size = 0; }},
        BadConfig{"training.batch_size", [](auto& c) { c.batch_size = 5'000; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.learning_rate = kNan; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.learning_rate = kInfinity; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.learning_rate = -1; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.learning_rate = 0; }},
        BadConfig{"training.backbone_learning_rate",
                  [](auto& c) { c.backbone_learning_rate = 0.1; }},
        BadConfig{"training.weight_decay", [](auto& c) { c.weight_decay = kNan; }},
        BadConfig{"training.momentum",
                  [](auto& c) {
                    c.optimizer = OptimizerKind::kSgd;
                    c.momentum = 1.0;
                  }},
        BadConfig{"training.momentum",
                  [](auto& c) {
                    c.optimizer = OptimizerKind::kAdamW;
                    c.momentum = 0.9;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.optimizer = OptimizerKind::kLbfgs;
                    c.head = HeadKind::kMlp;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.optimizer = OptimizerKind::kLbfgs;
                    c.strategy = Strategy::kFull;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.optimizer = OptimizerKind::kLbfgs;
                    c.batch_size = 8;
                  }},
        BadConfig{"training.warmup_epochs", [](auto& c) { c.warmup_epochs = -1; }},
        BadConfig{"training.gradient_clip_norm", [](auto& c) { c.gradient_clip_norm = kNan; }},
        BadConfig{"training.early_stopping_patience",
                  [](auto& c) { c.early_stopping_patience = -1; }},
        BadConfig{"training.trainable_stages",
                  [](auto& c) {
                    c.strategy = Strategy::kTopLayers;
                    c.trainable_stages = 0;
                  }},
        BadConfig{"training.trainable_stages", [](auto& c) { c.trainable_stages = 1; }},
        BadConfig{"training.head_epochs",
                  [](auto& c) {
                    c.strategy = Strategy::kFull;
                    c.epochs = 5;
                    c.head_epochs = 5;
                  }},
        BadConfig{"training.l2", [](auto& c) { c.l2 = -1; }},
        BadConfig{"training.l2",
                  [](auto& c) {
                    c.l2 = 1;
                    c.optimizer = OptimizerKind::kAdamW;
                  }},
        BadConfig{"task.classification.hidden_units", [](auto& c) { c.hidden_units = 16; }},
        BadConfig{"task.classification.dropout",
                  [](auto& c) {
                    c.head = HeadKind::kMlp;
                    c.dropout = 1.0;
                  }},
        BadConfig{"task.classification.label_smoothing", [](auto& c) { c.label_smoothing = kNan; }},
        BadConfig{"data.validation_fraction", [](auto& c) { c.validation_fraction = 0.95; }},
        BadConfig{"data.test_fraction",
                  [](auto& c) {
                    c.validation_fraction = 0.5;
                    c.test_fraction = 0.5;
                  }},
        BadConfig{"data.augmented_views", [](auto& c) { c.augmented_views = 4; }},
        BadConfig{"data.augmented_views", [](auto& c) {
                    c.augment = true;
                    c.augmented_views = 65;
                  }}));

TEST(RecipesTest, EveryViolationIsListedInOneAnswer) {
  FineTuneConfig config;
  config.epochs = 0;
  config.learning_rate = kNan;
  const std::vector<FieldViolation> violations = FindViolations(config);
  ASSERT_THAT(violations, SizeIs(2));
  EXPECT_EQ(violations[0].field, "training.epochs");
  EXPECT_EQ(violations[1].field, "training.learning_rate");
  EXPECT_THAT(FindViolations({}), IsEmpty());
}

TEST(RecipesTest, FeatureExtractionCostsOneForwardAnImage) {
  NetworkCost network;
  network.stage_parameters = {100, 1'000};
  network.forward_gflops = 0.8;
  network.head_parameters = 325;
  const CostEstimate cost = EstimateCost(Resolve({}), network, 80, 20, 10);
  EXPECT_EQ(cost.backbone_forwards, 110);
  EXPECT_EQ(cost.trainable_parameters, 325);
  EXPECT_EQ(cost.parameters, 1'100 + 325);
}

TEST(RecipesTest, WithoutATestPartTheReportIsOnValidation) {
  NetworkCost network;
  network.stage_parameters = {100, 1'000};
  network.head_parameters = 325;
  FineTuneConfig config;
  config.strategy = Strategy::kFull;
  config.epochs = 3;
  config.head_epochs = 1;
  // The head's features, two epochs of both parts, the report.
  EXPECT_EQ(EstimateCost(Resolve(config), network, 80, 20, 0).backbone_forwards,
            100 + 2 * 100 + 20);
}

TEST(RecipesTest, TheHeadFollowsFromOptionsFeaturesAndOutputs) {
  FineTuneConfig config;
  config.dropout = 0.3;  // of another head
  EXPECT_EQ(HeadOf(config, {64, 7, 7}, 5), (HeadSpec{HeadKind::kLinear, {64, 7, 7}, 0, 0, 5}));
  config.head = HeadKind::kMlp;
  config.hidden_units = 32;
  EXPECT_EQ(HeadOf(config, {64, 7, 7}, 5), (HeadSpec{HeadKind::kMlp, {64, 7, 7}, 32, 0.3, 5}));
}

TEST(RecipesTest, MoreTrainableStagesThanTheBackboneHasAreRefused) {
  FineTuneConfig config;
  config.strategy = Strategy::kTopLayers;
  config.trainable_stages = 5;
  EXPECT_THAT(FindNetworkViolations(config, 5), IsEmpty());
  const auto violations = FindNetworkViolations(config, 4);
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations[0].field, "training.trainable_stages");
  EXPECT_EQ(ViolationsToStatus(violations).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FindNetworkViolations({}, 4), IsEmpty());
}

TEST(RecipesTest, FullCostsAForwardAnImageAndEpoch) {
  NetworkCost network;
  network.stage_parameters = {100, 1'000};
  network.head_parameters = 325;
  FineTuneConfig config;
  config.strategy = Strategy::kFull;
  config.head_epochs = 0;
  config.epochs = 3;
  const CostEstimate cost = EstimateCost(Resolve(config), network, 80, 20, 10);
  EXPECT_EQ(cost.backbone_forwards, 3 * 100 + 10);
  EXPECT_EQ(cost.trainable_parameters, cost.parameters);
}

}  // namespace
}  // namespace graft
