#include "core/recipes/validate.h"

#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/recipes/resolve.h"
#include "core/tasks/classification/options.h"

namespace graft {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

FineTuneConfig Classification() { return {.task = ClassificationOptions{}}; }

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
                    c.head.kind = HeadKind::kMlp;
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
        BadConfig{"training.l2", [](auto& c) { c.training.l2 = -1; }},
        BadConfig{"training.l2",
                  [](auto& c) {
                    c.training.l2 = 1;
                    c.training.optimizer = OptimizerKind::kAdamW;
                  }},
        BadConfig{"head.hidden_units", [](auto& c) { c.head.hidden_units = 16; }},
        BadConfig{"head.dropout",
                  [](auto& c) {
                    c.head.kind = HeadKind::kMlp;
                    c.head.dropout = 1.0;
                  }},
        BadConfig{"task.classification.label_smoothing", [](FineTuneConfig& c) { c.task.As<ClassificationOptions>().label_smoothing = kNan; }},
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

TEST(ValidateTest, MoreTrainableStagesThanTheBackboneHasAreRefused) {
  FineTuneConfig config = Classification();
  config.strategy = Strategy::kTopLayers;
  config.training.trainable_stages = 5;
  EXPECT_THAT(FindNetworkViolations(config, 5), IsEmpty());
  const auto violations = FindNetworkViolations(config, 4);
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations[0].field, "training.trainable_stages");
  EXPECT_THAT(FindNetworkViolations({}, 4), IsEmpty());
}

}  // namespace
}  // namespace graft
