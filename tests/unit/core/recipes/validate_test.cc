#include "core/recipes/validate.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/recipes/resolve.h"
#include "core/tasks/classification/options.h"

namespace graft::recipes {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// On frozen features, unless a test asks for more.
FineTuneConfig Classification() {
  return {.strategy = Strategy::kFeatureExtraction, .task = tasks::ClassificationOptions{}};
}

struct BadConfig {
  const char* field;
  std::function<void(FineTuneConfig&)> spoil;
};

class BadConfigTest : public ::testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRefusedByTheNameOfItsField) {
  FineTuneConfig config = Classification();
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
        BadConfig{"training.epochs", [](auto& c) { c.training.epochs = 0; }},
        BadConfig{"training.epochs", [](auto& c) { c.training.epochs = 1'000'000'000; }},
        BadConfig{"training.batch_size", [](auto& c) { c.training.batch_size = 0; }},
        BadConfig{"training.batch_size", [](auto& c) { c.training.batch_size = 5'000; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.training.learning_rate = kNan; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.training.learning_rate = kInfinity; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.training.learning_rate = -1; }},
        BadConfig{"training.learning_rate", [](auto& c) { c.training.learning_rate = 0; }},
        BadConfig{"training.backbone_learning_rate",
                  [](auto& c) { c.training.backbone_learning_rate = 0.1; }},
        BadConfig{"training.weight_decay", [](auto& c) { c.training.weight_decay = kNan; }},
        BadConfig{"training.momentum",
                  [](auto& c) {
                    c.training.optimizer = OptimizerKind::kSgd;
                    c.training.momentum = 1.0;
                  }},
        BadConfig{"training.momentum",
                  [](auto& c) {
                    c.training.optimizer = OptimizerKind::kAdamW;
                    c.training.momentum = 0.9;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.training.optimizer = OptimizerKind::kLbfgs;
                    c.head.kind = model::HeadKind::kMlp;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.training.optimizer = OptimizerKind::kLbfgs;
                    c.strategy = Strategy::kFull;
                  }},
        BadConfig{"training.batch_size",
                  [](auto& c) {
                    c.training.optimizer = OptimizerKind::kLbfgs;
                    c.training.batch_size = 8;
                  }},
        BadConfig{"training.warmup_epochs", [](auto& c) { c.training.warmup_epochs = -1; }},
        BadConfig{"training.gradient_clip_norm", [](auto& c) { c.training.gradient_clip_norm = kNan; }},
        BadConfig{"training.early_stopping_patience",
                  [](auto& c) { c.training.early_stopping_patience = -1; }},
        BadConfig{"training.trainable_stages",
                  [](auto& c) {
                    c.strategy = Strategy::kTopLayers;
                    c.training.trainable_stages = 0;
                  }},
        BadConfig{"training.trainable_stages", [](auto& c) { c.training.trainable_stages = 1; }},
        BadConfig{"training.head_epochs",
                  [](auto& c) {
                    c.strategy = Strategy::kFull;
                    c.training.epochs = 5;
                    c.training.head_epochs = 5;
                  }},
        BadConfig{"training.head_epochs",
                  [](auto& c) {
                    c.strategy = Strategy::kFromScratch;
                    c.training.head_epochs = 1;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.strategy = Strategy::kDirect;
                    c.training.optimizer = OptimizerKind::kAdamW;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.strategy = Strategy::kDirect;
                    c.head.kind = model::HeadKind::kMlp;
                  }},
        BadConfig{"training.optimizer",
                  [](auto& c) {
                    c.strategy = Strategy::kFull;
                    c.training.optimizer = OptimizerKind::kClassMeans;
                  }},
        BadConfig{"training.epochs",
                  [](auto& c) {
                    c.strategy = Strategy::kDirect;
                    c.training.epochs = 2;
                  }},
        BadConfig{"training.weight_averaging", [](auto& c) { c.training.weight_averaging = true; }},
        BadConfig{"training.weight_averaging",
                  [](auto& c) {
                    c.strategy = Strategy::kFull;
                    c.training.head_epochs = 0;
                    c.training.weight_averaging = true;
                  }},
        BadConfig{"training.l2", [](auto& c) { c.training.l2 = -1; }},
        BadConfig{"training.l2",
                  [](auto& c) {
                    c.training.l2 = 1;
                    c.training.optimizer = OptimizerKind::kAdamW;
                  }},
        BadConfig{"head.hidden_units", [](auto& c) { c.head.hidden_units = 16; }},
        BadConfig{"head.dropout",
                  [](auto& c) {
                    c.head.kind = model::HeadKind::kMlp;
                    c.head.dropout = 1.0;
                  }},
        BadConfig{"task.classification.label_smoothing", [](FineTuneConfig& c) { c.task.As<tasks::ClassificationOptions>().label_smoothing = kNan; }},
        BadConfig{"data.validation_fraction", [](auto& c) { c.data.validation_fraction = 0.95; }},
        BadConfig{"data.test_fraction",
                  [](auto& c) {
                    c.data.validation_fraction = 0.5;
                    c.data.test_fraction = 0.5;
                  }},
        BadConfig{"data.augmented_views", [](auto& c) { c.data.augmented_views = 4; }},
        BadConfig{"data.augmented_views", [](auto& c) {
                    c.data.augment = true;
                    c.data.augmented_views = 65;
                  }}));

TEST(ValidateTest, AnOptimizerThatCannotDoItIsAllThatIsSaid) {
  for (const Strategy strategy : {Strategy::kTopLayers, Strategy::kFull}) {
    FineTuneConfig config = Classification();
    config.strategy = strategy;
    config.training.optimizer = OptimizerKind::kLbfgs;
    const std::vector<FieldError> violations = FindViolations(config);
    ASSERT_THAT(violations, SizeIs(1));
    EXPECT_EQ(violations[0].field, "training.optimizer");
    EXPECT_FALSE(
        FillDefaults(config, ChoicesOf(config)).training.backbone_learning_rate.has_value());
  }
}

TEST(ValidateTest, EveryViolationIsListedInOneAnswer) {
  FineTuneConfig config = Classification();
  config.training.epochs = 0;
  config.training.learning_rate = kNan;
  const std::vector<FieldError> violations = FindViolations(config);
  ASSERT_THAT(violations, SizeIs(2));
  EXPECT_EQ(violations[0].field, "training.epochs");
  EXPECT_EQ(violations[1].field, "training.learning_rate");
  EXPECT_THAT(FindViolations(Classification()), IsEmpty());
}

std::vector<model::StageFeatures> Stages(int stages, const model::FeatureMap& features) {
  std::vector<model::StageFeatures> made;
  for (int i = 0; i < stages; ++i) made.push_back({absl::StrCat("stage", i), features});
  return made;
}
std::vector<model::StageFeatures> Maps(int stages) { return Stages(stages, {16, 2, 2}); }
std::vector<model::StageFeatures> Tokens(int stages) {
  return Stages(stages, {.channels = 16, .tokens = 5, .prefix_tokens = 1});
}

TEST(ValidateTest, MoreTrainableStagesThanTheBackboneHasAreRefused) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kTopLayers;
  config.training.trainable_stages = 5;
  EXPECT_THAT(FindNetworkViolations(config, Maps(5), 3), IsEmpty());
  const auto violations = FindNetworkViolations(config, Maps(4), 3);
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations[0].field, "training.trainable_stages");
  EXPECT_THAT(FindNetworkViolations({}, Maps(4), 3), IsEmpty());
}

std::string NetworkViolation(const FineTuneConfig& config,
                             const std::vector<model::StageFeatures>& stages) {
  const auto violations = FindNetworkViolations(config, stages, 3);
  if (violations.empty()) return "";
  EXPECT_THAT(violations, SizeIs(1));
  return absl::StrCat(violations[0].field, ": ", violations[0].description);
}

TEST(ValidateTest, AHeadThatDoesNotFitTheBackboneIsRefusedByTheOptionToChange) {
  FineTuneConfig config = Classification();
  config.head.pooling = model::Pooling::kClassToken;
  EXPECT_THAT(NetworkViolation(config, Maps(2)), HasSubstr("head.pooling: pooling"));
  EXPECT_EQ(NetworkViolation(config, Tokens(2)), "");
  config.head.pooling = {};
  config.head.kind = model::HeadKind::kLayers;
  config.head.layers = {"conv 8 3", "relu", "dense 4"};
  EXPECT_THAT(NetworkViolation(config, Maps(2)), HasSubstr("head.layers: layer 2 (dense) reads"));
  config.head.layers = {"conv 8 3", "relu", "pool", "dense 4"};
  EXPECT_EQ(NetworkViolation(config, Maps(2)), "");
  EXPECT_THAT(NetworkViolation(config, Tokens(2)), HasSubstr("head.layers: layer 0 (conv)"));
  config.head.layers = {"dense 65536", "dense 65536"};
  EXPECT_THAT(NetworkViolation(config, Maps(2)), HasSubstr("head.layers: on this backbone"));
  config.head.layers = {};
  config.head.kind = model::HeadKind::kArticle;
  config.head.hidden_units = 65'536;
  EXPECT_EQ(NetworkViolation(config, Maps(2)), "");
  EXPECT_THAT(NetworkViolation(config, {{"top", {512, 7, 7}}}),
              HasSubstr("head.hidden_units: on this backbone"));
}

TEST(ValidateTest, TapsAreStagesOfTheBackboneThatTheStrategyCanRead) {
  FineTuneConfig config = Classification();
  config.head.taps = {"stage1", "stage9"};
  EXPECT_THAT(NetworkViolation(config, Maps(4)),
              HasSubstr("head.taps: the backbone has no stage \"stage9\" but stage0, stage1"));
  config.head.taps = {"stage0", "stage3"};
  EXPECT_EQ(NetworkViolation(config, Maps(4)), "");
  config.strategy = Strategy::kFull;
  EXPECT_EQ(NetworkViolation(config, Maps(4)), "");
  // What enters the lowest stage that learns is kept; what lies below it is not computed again.
  config.strategy = Strategy::kTopLayers;
  config.training.trainable_stages = 2;
  EXPECT_THAT(NetworkViolation(config, Maps(4)), HasSubstr("head.taps: \"stage0\" lies too far"));
  config.training.trainable_stages = 3;
  EXPECT_EQ(NetworkViolation(config, Maps(4)), "");
  // GRADUAL begins with the last one alone.
  config.strategy = Strategy::kGradual;
  config.head.taps = {"stage1", "stage3"};
  EXPECT_THAT(NetworkViolation(config, Maps(4)),
              HasSubstr("head.taps: \"stage1\" lies too far below the 1 stages that learn first: "
                        "take FULL"));
  config.head.taps = {"stage2", "stage3"};
  EXPECT_EQ(NetworkViolation(config, Maps(4)), "");
  config.strategy = Strategy::kTopLayers;
  config.head.taps = {"stage1"};
  EXPECT_THAT(NetworkViolation(config, Maps(4)),
              HasSubstr("training.trainable_stages: up to the highest tap there are 2 stages"));
}

TEST(ValidateTest, AListedHeadMustHaveLayersThatCanBeRead) {
  FineTuneConfig config = Classification();
  const auto message = [&config] {
    const auto violations = FindViolations(config);
    return violations.empty() ? ""
                              : absl::StrCat(violations[0].field, ": ", violations[0].description);
  };
  config.head.kind = model::HeadKind::kLayers;
  EXPECT_THAT(message(), HasSubstr("head.layers: is required"));
  config.head.layers = TextList{};
  EXPECT_THAT(message(), HasSubstr("head.layers: is required"));
  config.head.layers = {"dense 8", "drop 0.5"};
  EXPECT_THAT(message(), HasSubstr("head.layers: layer 1 (drop 0.5) is none of"));
  config.head.layers = {"dense 8", "dropout 0.5"};
  EXPECT_EQ(message(), "");
  config.training.optimizer = OptimizerKind::kLbfgs;
  EXPECT_THAT(message(), HasSubstr("training.optimizer"));
}

TEST(ValidateTest, PoolingAndTapsThatContradictEachOtherAreRefused) {
  FineTuneConfig config = Classification();
  const auto message = [&config] {
    const auto violations = FindViolations(config);
    return violations.empty() ? ""
                              : absl::StrCat(violations[0].field, ": ", violations[0].description);
  };
  config.head.pooling = model::Pooling::kNone;
  for (const model::HeadKind kind :
       {model::HeadKind::kLinear, model::HeadKind::kMlp, model::HeadKind::kCosine}) {
    config.head.kind = kind;
    EXPECT_THAT(message(), HasSubstr("head.pooling: NONE is for a LAYERS head"));
  }
  config.head.kind = model::HeadKind::kLayers;
  config.head.layers = {"flatten"};
  EXPECT_EQ(message(), "");
  config.head.taps = {"low"};
  EXPECT_THAT(message(), HasSubstr("head.pooling: NONE does not go with taps"));
  config.head.pooling = {};
  config.head.taps = {"low", "high", "low"};
  EXPECT_THAT(message(), HasSubstr("head.taps: has \"low\" twice"));
}

TEST(ValidateTest, FramingByItselfIsJudgedByLbfgs) {
  FineTuneConfig config = Classification();
  config.data.framing = FramingChoice::kAuto;
  EXPECT_THAT(FindViolations(config), IsEmpty());
  config.head.kind = model::HeadKind::kMlp;
  ASSERT_THAT(FindViolations(config), SizeIs(1));
  EXPECT_EQ(FindViolations(config)[0].field, "data.framing");
  config.data.framing = FramingChoice::kSqueeze;
  EXPECT_THAT(FindViolations(config), IsEmpty());
}

}  // namespace
}  // namespace graft::recipes
