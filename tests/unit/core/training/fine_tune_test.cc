#include "core/training/fine_tune.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/recipes/enum_words.h"
#include "core/recipes/strategies.h"
#include "core/tasks/classification/outputs.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class FineTuneTest : public TinyFineTuneTest {};

TEST_F(FineTuneTest, FeatureExtractionGivesAHeadOverAnUnchangedBackbone) {
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(tasks::FindFigure(result->report.figures, "accuracy").value(), 0.9);
  EXPECT_EQ(nlohmann::json::parse(result->report.json)["split"], "validation");
  EXPECT_EQ(result->report.examples, 12);
  EXPECT_THAT(TensorNames(result->model), UnorderedElementsAre("head.weight", "head.bias"));
  EXPECT_THAT(result->description.changed_stages, IsEmpty());
  EXPECT_EQ(result->description.cut_point, "block2");
  EXPECT_EQ(result->description.backbone_digest, backbone_.weights->digest());
  EXPECT_EQ(result->description.task, "classification");
  const auto outputs = tasks::ClassificationOutputsFromJson(result->description.outputs).value();
  EXPECT_THAT(outputs.labels, ElementsAre("class0", "class1", "class2"));
  EXPECT_EQ(outputs.conformal.value().examples, 12) << "all that was held out";
  EXPECT_EQ(result->counters.backbone_forward_images, 60);
  EXPECT_GT(result->best_epoch, 0);
  EXPECT_DOUBLE_EQ(observer_.progress.back().fraction, 1.0);
}

TEST_F(FineTuneTest, ADeviceThatIsNotThereIsRefusedByName) {
  device_ = "gpu";
  absl::Status status = Run().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(status.message(), HasSubstr("\"gpu\" names no device"));
  device_ = "cuda:63";
  status = Run().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(status.message(), HasSubstr("no device cuda:63 here, but: cpu"));
}

TEST_F(FineTuneTest, TheSecondJobOnTheSameDataDecodesAndForwardsNothing) {
  ASSERT_TRUE(Run().ok());
  recipes::FineTuneConfig other = {.task = tasks::ClassificationOptions{}};
  other.training.seed = 5;  // another split of the same images
  const auto result = Run(other);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->counters.backbone_forward_images, 0);
  EXPECT_EQ(result->counters.feature_cache_hits, 60);
  EXPECT_EQ(result->counters.feature_cache_misses, 0);
}

TEST_F(FineTuneTest, TopLayersPublishesTheChangedStage) {
  recipes::FineTuneConfig config = {.task = tasks::ClassificationOptions{}};
  config.strategy = recipes::Strategy::kTopLayers;
  config.training.epochs = 6;
  config.training.head_epochs = 2;
  config.training.learning_rate = 0.02;
  config.task.As<tasks::ClassificationOptions>().label_smoothing = 0.0;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->description.changed_stages, ElementsAre("block2"));
  EXPECT_THAT(
      TensorNames(result->model),
      UnorderedElementsAre("head.weight", "head.bias", "features.4.weight", "features.4.bias",
                           "features.5.weight", "features.5.bias", "features.5.running_mean",
                           "features.5.running_var", "features.5.num_batches_tracked"));
  EXPECT_THAT(observer_.checkpoints, ::testing::SizeIs(6));
}

TEST_F(FineTuneTest, EveryHeadAndStrategyRuns) {
  for (const recipes::StrategyRecipe& strategy : recipes::Strategies()) {
    for (model::HeadKind head :
         {model::HeadKind::kLinear, model::HeadKind::kMlp, model::HeadKind::kArticle}) {
      recipes::FineTuneConfig config = {.task = tasks::ClassificationOptions{}};
      config.strategy = strategy.strategy;
      config.head.kind = head;
      const bool direct = strategy.strategy == recipes::Strategy::kDirect;
      if (direct && head != model::HeadKind::kLinear) continue;  // is refused
      config.training.epochs = direct ? 1 : 2;
      checkpoints_.saved.clear();
      const auto result = Run(config);
      ASSERT_TRUE(result.ok()) << strategy.word << " " << recipes::NameOf(head) << ": "
                               << result.status();
      EXPECT_EQ(result->description.head.outputs, 3);
    }
  }
}

TEST_F(FineTuneTest, MoreTrainableStagesThanTheBackboneHasAreRefused) {
  recipes::FineTuneConfig config = {.task = tasks::ClassificationOptions{}};
  config.strategy = recipes::Strategy::kTopLayers;
  config.training.trainable_stages = 3;
  const auto status = Run(config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("training.trainable_stages"));
}

TEST_F(FineTuneTest, FewImagesAreWarnedOf) {
  UseDataset(5);
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(observer_.warnings, Contains("TOO_FEW_IMAGES"));
}

TEST_F(FineTuneTest, OneClassIsRefused) {
  UseDataset(5, 1);
  const auto status = Run().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("two or more"));
}

}  // namespace
}  // namespace graft::training
