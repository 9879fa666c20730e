#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/recipes/config_json.h"
#include "core/training/fine_tune.h"
#include "core/training/report/model_card.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FineTuneResumeTest : public TinyFineTuneTest {};

TEST_F(FineTuneResumeTest, AJobTakesUpOnlyItsOwnCheckpoint) {
  recipes::FineTuneConfig config;
  config.strategy = recipes::Strategy::kFull;
  config.training.epochs = 3;
  ASSERT_TRUE(Run(config).ok());
  observer_ = {};
  config.training.learning_rate = 0.005;
  ASSERT_TRUE(Run(config).ok());
  EXPECT_THAT(observer_.logs, Contains(HasSubstr("another job")));
  EXPECT_EQ(observer_.epochs.front().epoch, 1);
}

TEST_F(FineTuneResumeTest, ADrainKeepsACheckpointAndSaysSo) {
  recipes::FineTuneConfig config;
  config.strategy = recipes::Strategy::kFull;
  config.training.epochs = 5;
  desired_ = [&] { return checkpoints_.saved.size() < 2 ? RunSignal::kRun : RunSignal::kDrain; };
  EXPECT_TRUE(IsDrained(Run(config).status()));
  desired_ = nullptr;
  observer_ = {};
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(observer_.epochs.front().epoch, 3);
}

TEST_F(FineTuneResumeTest, ARunThatIsTakenUpAgainPublishesTheSameBytes) {
  recipes::FineTuneConfig mlp;
  mlp.head.kind = model::HeadKind::kMlp;
  mlp.training.epochs = 5;
  recipes::FineTuneConfig views;
  views.strategy = recipes::Strategy::kTopLayers;
  views.data.augment = true;
  views.data.augmented_views = 2;
  views.training.epochs = 5;
  views.training.head_epochs = 1;
  recipes::FineTuneConfig full;
  full.strategy = recipes::Strategy::kFull;
  full.head.kind = model::HeadKind::kMlp;
  full.training.epochs = 4;
  full.training.head_epochs = 1;
  for (const recipes::FineTuneConfig& config : {mlp, views, full}) {
    SCOPED_TRACE(recipes::ConfigToJson(config).dump());
    checkpoints_.saved.clear();
    const auto whole = Run(config);
    ASSERT_TRUE(whole.ok()) << whole.status();
    checkpoints_.saved.clear();
    desired_ = [&] { return checkpoints_.saved.size() < 3 ? RunSignal::kRun : RunSignal::kDrain; };
    ASSERT_TRUE(IsDrained(Run(config).status()));
    desired_ = nullptr;
    observer_ = {};
    const auto rest = Run(config);
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_EQ(observer_.epochs.front().epoch, 4);
    EXPECT_TRUE(rest->model == whole->model);
    EXPECT_EQ(rest->best_epoch, whole->best_epoch);
  }
}

// Drained between the end of the fit and the report.
TEST_F(FineTuneResumeTest, AHeadThatWasSolvedIsNotSolvedAgain) {
  const auto whole = Run({});
  ASSERT_TRUE(whole.ok()) << whole.status();
  checkpoints_.saved.clear();
  desired_ = [&] { return checkpoints_.saved.empty() ? RunSignal::kRun : RunSignal::kDrain; };
  ASSERT_TRUE(IsDrained(Run({}).status()));
  desired_ = nullptr;
  observer_ = {};
  const auto rest = Run({});
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_THAT(observer_.epochs, IsEmpty());
  EXPECT_TRUE(rest->model == whole->model);
  EXPECT_EQ(rest->best_epoch, whole->best_epoch);
  ASSERT_FALSE(rest->metrics.empty());
  EXPECT_EQ(rest->metrics.front(), whole->metrics.front()) << "the training loss";
  const auto l2_of = [](const FineTuneResult& result) {
    return nlohmann::json::parse(result.card_json)["hyperparameters"]["training"]["l2"]
        .get<double>();
  };
  EXPECT_EQ(l2_of(*rest), l2_of(*whole));
}

}  // namespace
}  // namespace graft::training
