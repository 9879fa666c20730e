// Heads, taps and framings that a request may ask for, from the options to the published model.
#include <cstring>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/recipes/config_json.h"
#include "core/recipes/enum_words.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::training {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class FineTuneHeadsTest : public TinyFineTuneTest {
 protected:
  static recipes::FineTuneConfig With(model::HeadKind kind) {
    recipes::FineTuneConfig config;
    config.head.kind = kind;
    if (kind == model::HeadKind::kLayers) config.head.layers = {"dense 16", "relu", "dropout 0.1"};
    return config;
  }
  static recipes::FineTuneConfig OnTaps(recipes::TextList taps) {
    recipes::FineTuneConfig config;
    config.head.taps = std::move(taps);
    return config;
  }
  double Accuracy(const FineTuneResult& result) {
    return tasks::FindFigure(result.report.figures, "accuracy").value();
  }
};

TEST_F(FineTuneHeadsTest, EveryKindLearnsTheToy) {
  for (const model::HeadKind kind : {model::HeadKind::kLinear, model::HeadKind::kMlp,
                                     model::HeadKind::kCosine, model::HeadKind::kLayers}) {
    SCOPED_TRACE(model::HeadKindName(kind));
    recipes::FineTuneConfig config = With(kind);
    if (kind != model::HeadKind::kLinear) config.training.learning_rate = 0.03;
    checkpoints_.saved.clear();
    const auto result = Run(config);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->description.head.kind, kind);
    EXPECT_GE(Accuracy(*result), 0.9);
    const auto card = nlohmann::json::parse(result->card_json);
    EXPECT_EQ(card["head"]["kind"], std::string(model::HeadKindName(kind)));
  }
}

TEST_F(FineTuneHeadsTest, ListedLayersReadTheMapAndAreNumberedInTheModel) {
  recipes::FineTuneConfig config = With(model::HeadKind::kLayers);
  config.head.layers = {"conv 12 3", "norm", "gelu", "pool", "dense 8"};
  config.training.learning_rate = 0.01;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->description.head.pooling, model::Pooling::kNone);
  EXPECT_THAT(TensorNames(result->model),
              UnorderedElementsAre("head.0.weight", "head.0.bias", "head.1.weight", "head.1.bias",
                                   "head.1.running_mean", "head.1.running_var",
                                   "head.1.num_batches_tracked", "head.4.weight", "head.4.bias",
                                   "head.5.weight", "head.5.bias"));
  EXPECT_GE(Accuracy(*result), 0.9);
  const auto hyperparameters = nlohmann::json::parse(result->card_json)["hyperparameters"];
  EXPECT_EQ(hyperparameters["head"]["layers"][0], "conv 12 3");
}

// A head's own norm has no pretrained statistics: what it was trained with must be the batches'.
TEST_F(FineTuneHeadsTest, AHeadsOwnNormLearnsItsStatistics) {
  recipes::FineTuneConfig config = With(model::HeadKind::kLayers);
  config.head.layers = {"norm", "pool"};
  config.head.pooling = model::Pooling::kNone;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  const auto file = artifacts::SafetensorsFile::Parse(result->model).value();
  const artifacts::TensorView* const variance = file->Find("head.0.running_var");
  ASSERT_NE(variance, nullptr);
  std::vector<float> values(8);
  ASSERT_EQ(variance->bytes.size(), values.size() * sizeof(float));
  std::memcpy(values.data(), variance->bytes.data(), variance->bytes.size());
  EXPECT_GT(std::set<float>(values.begin(), values.end()).size(), 1u) << "all 1, as they began";
}

TEST_F(FineTuneHeadsTest, TapsAreReadByEveryStrategyThatCan) {
  for (const recipes::Strategy strategy :
       {recipes::Strategy::kFeatureExtraction, recipes::Strategy::kTopLayers,
        recipes::Strategy::kFull}) {
    for (const bool augment : {false, true}) {
      recipes::FineTuneConfig config = OnTaps({"block2", "block1"});
      config.strategy = strategy;
      config.data.augment = augment;
      config.training.epochs = 3;
      SCOPED_TRACE(recipes::ConfigToJson(config).dump());
      checkpoints_.saved.clear();
      const auto result = Run(config);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->description.cut_point, "block2");
      ASSERT_EQ(result->description.head.taps.size(), 2u);
      EXPECT_EQ(result->description.head.taps[0].stage, "block1");
      EXPECT_EQ(result->description.head.inputs(), 16);
      EXPECT_EQ(nlohmann::json::parse(result->card_json)["head"]["taps"][1]["stage"], "block2");
    }
  }
}

TEST_F(FineTuneHeadsTest, StagesAboveTheHighestTapAreNotThere) {
  const auto result = Run(OnTaps({"block1"}));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->description.cut_point, "block1");
  EXPECT_GE(Accuracy(*result), 0.9);
  recipes::FineTuneConfig all = OnTaps({"block1"});
  all.strategy = recipes::Strategy::kFull;
  all.training.epochs = 2;
  all.data.augment = false;
  checkpoints_.saved.clear();
  const auto full = Run(all);
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_THAT(full->description.changed_stages, ElementsAre("block1"));
}

TEST_F(FineTuneHeadsTest, TapsThatAreNotThereAreRefused) {
  const auto status = Run(OnTaps({"block1", "block9"})).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("head.taps: the backbone has no stage \"block9\""));
}

// A job must not be given what the head of another reads.
TEST_F(FineTuneHeadsTest, FeaturesOfOtherTapsAndPoolingsAreNotTaken) {
  for (const recipes::TextList& taps :
       std::vector<recipes::TextList>{{"block2"}, {"block1", "block2"}, {"block1"}}) {
    checkpoints_.saved.clear();
    const auto result = Run(OnTaps(taps));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->counters.backbone_forward_images, 60);
    checkpoints_.saved.clear();
    const auto again = Run(OnTaps(taps));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->counters.backbone_forward_images, 0) << "of the same taps they are";
  }
}

TEST_F(FineTuneHeadsTest, ARunWithListedLayersAndTapsGoesOnWhereItWas) {
  recipes::FineTuneConfig layers = With(model::HeadKind::kLayers);
  layers.head.layers = {"conv 6 3", "norm", "relu", "dropout 0.2", "pool"};
  layers.training.epochs = 5;
  recipes::FineTuneConfig taps = OnTaps({"block1", "block2"});
  taps.head.kind = model::HeadKind::kCosine;
  taps.strategy = recipes::Strategy::kTopLayers;
  taps.training.epochs = 5;
  taps.training.head_epochs = 1;
  for (const recipes::FineTuneConfig& config : {layers, taps}) {
    SCOPED_TRACE(recipes::ConfigToJson(config).dump());
    checkpoints_.saved.clear();
    const auto whole = Run(config);
    ASSERT_TRUE(whole.ok()) << whole.status();
    checkpoints_.saved.clear();
    desired_ = [&] { return checkpoints_.saved.size() < 3 ? RunSignal::kRun : RunSignal::kDrain; };
    ASSERT_TRUE(IsDrained(Run(config).status()));
    desired_ = nullptr;
    const auto rest = Run(config);
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_TRUE(rest->model == whole->model);
  }
}

TEST_F(FineTuneHeadsTest, PicturesAreFramedAsAskedAndTheModelSaysSo) {
  std::set<std::string> models;
  for (const recipes::FramingChoice framing :
       {recipes::FramingChoice::kCentreCrop, recipes::FramingChoice::kSqueeze,
        recipes::FramingChoice::kLetterbox}) {
    recipes::FineTuneConfig config;
    config.data.framing = framing;
    checkpoints_.saved.clear();
    const auto result = Run(config);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(model::FramingName(result->description.input.framing), recipes::NameOf(framing));
    EXPECT_EQ(result->counters.backbone_forward_images, 60) << "each has features of its own";
    models.insert(result->model);
  }
  EXPECT_EQ(models.size(), 3u);
}

// What tells the classes apart lies at the edges, which a centre crop does not see.
TEST_F(FineTuneHeadsTest, AutoTakesTheFramingUnderWhichAHeadDoesBest) {
  UseDataset(
      20, 3, false, nullptr,
      [](int label, image::Image& image) {
        for (int y = 0; y < image.height; ++y) {
          for (int x = 0; x < image.width; ++x) {
            const bool edge = x < image.width / 4 || x >= image.width - image.width / 4;
            for (int c = 0; c < 3; ++c) {
              image.row(y)[3 * x + c] = static_cast<uint8_t>(edge && c == label ? 200 : 40);
            }
          }
        }
      },
      40, 16);
  recipes::FineTuneConfig config;
  config.data.framing = recipes::FramingChoice::kAuto;
  const auto result = Run(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NE(result->description.input.framing, model::Framing::kCentreCrop);
  EXPECT_GE(Accuracy(*result), 0.9);
  EXPECT_THAT(observer_.logs, Contains(HasSubstr("framing: ")));
  EXPECT_EQ(result->counters.backbone_forward_images, 180) << "each picture once a framing";
  EXPECT_DOUBLE_EQ(observer_.progress.back().fraction, 1.0);
  checkpoints_.saved.clear();
  EXPECT_EQ(Run(config)->model, result->model);
  // Alike where nothing is asked for: a pass of few pictures through a small network is cheap.
  checkpoints_.saved.clear();
  compare_framings_ = true;
  const auto usual = Run();
  ASSERT_TRUE(usual.ok()) << usual.status();
  EXPECT_EQ(usual->model, result->model);
  EXPECT_EQ(usual->counters.backbone_forward_images, 0);
}

}  // namespace
}  // namespace graft::training
