#include "wire/fine_tune_spec.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/tasks/classification/options.h"
#include "wire/status.h"

namespace graft::wire {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

v1::FineTuneSpec Minimal() {
  v1::FineTuneSpec spec;
  spec.set_dataset_id("dataset-1");
  spec.set_model("stamps");
  spec.mutable_task()->mutable_classification();
  return spec;
}

struct BadCase {
  const char* name;
  const char* field;
  std::function<void(v1::FineTuneSpec&)> spoil;
};

void PrintTo(const BadCase& bad, std::ostream* out) { *out << bad.name; }

class BadFineTuneSpec : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadFineTuneSpec, IsRefusedByThePathOfTheField) {
  v1::FineTuneSpec spec = Minimal();
  ASSERT_TRUE(FineTuneConfigFromProto(spec).ok());
  GetParam().spoil(spec);

  const absl::Status status = FineTuneConfigFromProto(spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().field));
  std::vector<std::string> fields;
  for (const FieldError& error : InvalidFieldsOf(status)) {
    fields.push_back(error.field);
    EXPECT_FALSE(error.description.empty());
  }
  EXPECT_THAT(fields, Contains(GetParam().field));
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Ranges and uses of options, row by row: option_field_test.cc.
INSTANTIATE_TEST_SUITE_P(
    Fields, BadFineTuneSpec,
    ::testing::Values(
        BadCase{"no_dataset", "spec.dataset_id", [](auto& s) { s.clear_dataset_id(); }},
        BadCase{"long_dataset", "spec.dataset_id",
                [](auto& s) { s.set_dataset_id(std::string(129, 'a')); }},
        BadCase{"no_model", "spec.model", [](auto& s) { s.clear_model(); }},
        BadCase{"model_path", "spec.model", [](auto& s) { s.set_model("../up"); }},
        BadCase{"model_upper", "spec.model", [](auto& s) { s.set_model("Stamps"); }},
        BadCase{"model_long", "spec.model", [](auto& s) { s.set_model(std::string(64, 'a')); }},
        BadCase{"backbone_path", "spec.backbone", [](auto& s) { s.set_backbone("/etc/passwd"); }},
        BadCase{"no_task", "spec.task", [](auto& s) { s.clear_task(); }},
        BadCase{"unknown_strategy", "spec.strategy",
                [](auto& s) { s.set_strategy(static_cast<v1::Strategy>(99)); }},
        BadCase{"unknown_head", "spec.head.kind",
                [](auto& s) { s.mutable_head()->set_kind(static_cast<v1::HeadKind>(-1)); }},
        BadCase{"unknown_weighting", "spec.task.classification.class_weighting",
                [](auto& s) {
                  s.mutable_task()->mutable_classification()->set_class_weighting(
                      static_cast<v1::ClassWeighting>(7));
                }},
        BadCase{
            "unknown_optimizer", "spec.training.optimizer",
            [](auto& s) { s.mutable_training()->set_optimizer(static_cast<v1::Optimizer>(12)); }},
        BadCase{"unknown_schedule", "spec.training.schedule",
                [](auto& s) {
                  s.mutable_training()->set_schedule(static_cast<v1::LearningRateSchedule>(12));
                }},
        BadCase{"nan_rate", "spec.training.learning_rate",
                [](auto& s) { s.mutable_training()->set_learning_rate(kNan); }},
        BadCase{"momentum_of_one", "spec.training.momentum",
                [](auto& s) { s.mutable_training()->set_momentum(1); }},
        BadCase{"head_epochs_of_frozen", "spec.training.head_epochs",
                [](auto& s) {
                  s.set_strategy(v1::STRATEGY_FEATURE_EXTRACTION);
                  s.mutable_training()->set_head_epochs(2);
                }},
        BadCase{"lbfgs_of_full", "spec.training.optimizer",
                [](auto& s) {
                  s.set_strategy(v1::STRATEGY_FULL);
                  s.mutable_training()->set_optimizer(v1::OPTIMIZER_LBFGS);
                }},
        BadCase{"all_validation", "spec.data.validation_fraction",
                [](auto& s) { s.mutable_data()->set_validation_fraction(1); }},
        BadCase{"views_unaugmented", "spec.data.augmented_views",
                [](auto& s) { s.mutable_data()->set_augmented_views(4); }}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(FineTuneSpec, AllWrongFieldsAreNamedAtOnce) {
  v1::FineTuneSpec spec = Minimal();
  spec.set_model("");
  spec.mutable_training()->set_epochs(0);
  spec.mutable_training()->set_learning_rate(kNan);
  EXPECT_EQ(InvalidFieldsOf(FineTuneConfigFromProto(spec).status()).size(), 3u);
}

TEST(FineTuneSpec, AMessageSaysWhatIsAllowedAndWhatWasGiven) {
  v1::FineTuneSpec spec = Minimal();
  spec.set_strategy(v1::STRATEGY_FEATURE_EXTRACTION);
  spec.mutable_training()->set_batch_size(5'000);
  spec.mutable_head()->set_hidden_units(8);
  spec.mutable_training()->set_schedule(static_cast<v1::LearningRateSchedule>(12));
  const auto errors = InvalidFieldsOf(FineTuneConfigFromProto(spec).status());
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[0].description,
            "has the value 12, which this server does not know; it takes COSINE, CONSTANT, "
            "STEP, ONE_CYCLE, PLATEAU");
  EXPECT_EQ(errors[1].field, "spec.head.hidden_units");
  EXPECT_EQ(errors[1].description,
            "only used with an MLP or ARTICLE head; this job has FEATURE_EXTRACTION, the LINEAR "
            "head and ADAMW");
  EXPECT_EQ(errors[2].description, "must be 1 to 4,096, got 5,000");
}

TEST(FineTuneSpec, AnEmptyPathNamesFieldsFromTheSpecOn) {
  v1::FineTuneSpec spec = Minimal();
  spec.mutable_training()->set_epochs(0);
  const auto errors = InvalidFieldsOf(FineTuneConfigFromProto(spec, "").status());
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].field, "training.epochs");
}

TEST(FineTuneSpec, ZeroIsAValueWhereAnOptionHasOne) {
  v1::FineTuneSpec spec = Minimal();
  spec.set_strategy(v1::STRATEGY_TOP_LAYERS);
  spec.mutable_head()->set_kind(v1::HEAD_KIND_MLP);
  spec.mutable_task()->mutable_classification()->set_label_smoothing(0);
  spec.mutable_head()->set_dropout(0);
  const auto resolved = ResolveFineTuneSpec(spec);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->config.task.As<tasks::ClassificationOptions>().label_smoothing, 0);
  EXPECT_EQ(resolved->config.head.dropout, 0);
}

// Every strategy, head and optimizer that goes together.
TEST(FineTuneSpec, TheEchoResolvesToTheSameJob) {
  int tried = 0;
  for (int strategy = 0; strategy <= 3; ++strategy) {
    for (int head = 0; head <= 3; ++head) {
      for (int optimizer = 0; optimizer <= 3; ++optimizer) {
        for (const bool augment : {false, true}) {
          v1::FineTuneSpec spec = Minimal();
          spec.set_backbone("efficientnet_lite0");
          spec.set_strategy(static_cast<v1::Strategy>(strategy));
          spec.mutable_head()->set_kind(static_cast<v1::HeadKind>(head));
          spec.mutable_task()->mutable_classification()->set_class_weighting(
              v1::CLASS_WEIGHTING_BALANCED);
          spec.mutable_training()->set_optimizer(static_cast<v1::Optimizer>(optimizer));
          spec.mutable_training()->set_seed(7);
          spec.mutable_data()->set_test_fraction(0.1);
          spec.mutable_data()->set_augment(augment);
          const auto first = ResolveFineTuneSpec(spec);
          if (!first.ok()) continue;
          ++tried;
          SCOPED_TRACE(spec.ShortDebugString());

          const v1::FineTuneSpec echo = ResolvedFineTuneSpec(spec, *first);
          EXPECT_EQ(echo.dataset_id(), "dataset-1");
          EXPECT_EQ(echo.model(), "stamps");
          EXPECT_EQ(echo.backbone(), "efficientnet_lite0");
          EXPECT_NE(echo.strategy(), v1::STRATEGY_UNSPECIFIED);
          const auto second = ResolveFineTuneSpec(echo);
          ASSERT_TRUE(second.ok()) << second.status();
          EXPECT_EQ(second->total_epochs, first->total_epochs);
          ASSERT_EQ(second->phases.size(), first->phases.size());
          for (size_t i = 0; i < first->phases.size(); ++i) {
            EXPECT_EQ(second->phases[i].head_learning_rate, first->phases[i].head_learning_rate);
            EXPECT_EQ(second->phases[i].trainable_stages, first->phases[i].trainable_stages);
            EXPECT_EQ(second->phases[i].optimizer, first->phases[i].optimizer);
          }
          EXPECT_EQ(ResolvedFineTuneSpec(echo, *second).SerializeAsString(),
                    echo.SerializeAsString());
        }
      }
    }
  }
  EXPECT_GT(tried, 40);
}

}  // namespace
}  // namespace graft::wire
