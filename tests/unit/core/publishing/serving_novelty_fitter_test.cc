#include "core/publishing/serving_novelty_fitter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/engine/eager/eager_engine.h"
#include "core/publishing/trial_inputs.h"
#include "core/tasks/decoder_catalog.h"
#include "tests/fakes/scaled_engine.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::publishing {
namespace {

using ::testing::ElementsAre;

class ServingNoveltyFitterTest : public training::TinyFineTuneTest {
 protected:
  absl::StatusOr<training::FineTuneResult> Fit(recipes::FineTuneConfig config = {}) {
    novelty_ = &fitter_;
    checkpoints_.saved.clear();
    return Run(std::move(config));
  }

  UnpublishedModels models_{{.engines = {std::make_shared<engine::EagerEngineFactory>()}},
                            &tasks::AllDecoders()};
  const ServingNoveltyFitter fitter_{&models_};
};

TEST_F(ServingNoveltyFitterTest, TheModelCarriesWhatItWasTrainedOn) {
  const auto result = Fit();
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_TRUE(result->description.novelty.has_value());
  const model::NoveltyRecord& record = *result->description.novelty;
  EXPECT_GE(record.held_out_examples, novelty::kFewestHeldOut);
  EXPECT_GT(record.usual_distance, 0);
  const auto file = artifacts::SafetensorsFile::Parse(result->model).value();
  const artifacts::TensorView* const rows = file->Find(model::kNoveltyRows);
  ASSERT_NE(rows, nullptr);
  EXPECT_THAT(rows->shape, ElementsAre(record.training_examples, record.width));
  ASSERT_NE(file->Find(model::kNoveltyScales), nullptr);
  // Again, of another head: the same pictures, and so the same features.
  const auto again = Fit();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->model, result->model);
}

// What is stored is what the loader reads, and training pictures are known.
TEST_F(ServingNoveltyFitterTest, AServedModelKnowsItsTrainingPictures) {
  for (const auto strategy : {recipes::Strategy::kFeatureExtraction, recipes::Strategy::kFull}) {
    recipes::FineTuneConfig config;
    config.strategy = strategy;
    config.training.epochs = 1;
    const auto result = Fit(config);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(result->description.novelty.has_value());
    training::TrainedModel trained;
    trained.description = &result->description;
    trained.file = result->model;
    trained.backbone = backbone_.weights;
    const auto servable = models_.Load(trained, model::Precision::kF32);
    ASSERT_TRUE(servable.ok()) << servable.status();
    int known = 0;
    int asked = 0;
    for (int64_t i = 0; i < dataset_->size(); ++i) {
      const auto image = dataset_->Decode(i);
      ASSERT_TRUE(image.ok());
      const auto prepared =
          (*servable)->Prepare(serving::EncodedImage{image::EncodePng(*image).value()});
      ASSERT_TRUE(prepared.ok()) << prepared.status();
      const auto numbers = RunInputs(**servable, {*prepared});
      ASSERT_TRUE(numbers.ok()) << numbers.status();
      ASSERT_TRUE(numbers->front().unknown_score.has_value());
      known += *numbers->front().unknown_score < 1;
      ++asked;
    }
    EXPECT_GE(known, asked * 9 / 10);
  }
}

TEST_F(ServingNoveltyFitterTest, WithNothingHeldOutThereIsNoTelling) {
  recipes::FineTuneConfig config;
  config.data.validation_fraction = 0.0;
  const auto result = Fit(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->description.novelty.has_value());
}

TEST_F(ServingNoveltyFitterTest, AModelThatNoEngineTakesFailsNoJob) {
  UnpublishedModels models(
      {.engines = {std::make_shared<ScaledEngineFactory>(1.f, absl::UnimplementedError("no"))}},
      &tasks::AllDecoders());
  const ServingNoveltyFitter fitter(&models);
  novelty_ = &fitter;
  const auto result = Run({});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->description.novelty.has_value());
}

}  // namespace
}  // namespace graft::publishing
