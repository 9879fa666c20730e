#include "core/publishing/serving_drift_fitter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/drift/picture_statistics.h"
#include "core/drift/reference.h"
#include "core/engine/eager/eager_engine.h"
#include "core/image/encode.h"
#include "core/publishing/serving_novelty_fitter.h"
#include "core/publishing/trial_inputs.h"
#include "core/tasks/decoder_catalog.h"
#include "tests/fakes/scaled_engine.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::publishing {
namespace {

class ServingDriftFitterTest : public training::TinyFineTuneTest {
 protected:
  absl::StatusOr<training::FineTuneResult> Fit(recipes::FineTuneConfig config = {}) {
    drift_ = &fitter_;
    checkpoints_.saved.clear();
    return Run(std::move(config));
  }

  // Loads what was published, and computes a picture of the dataset as a server would.
  std::shared_ptr<const serving::Servable> Load(const training::FineTuneResult& result) {
    training::TrainedModel trained;
    trained.description = &result.description;
    trained.file = result.model;
    trained.backbone = backbone_.weights;
    return models_.Load(trained, model::Precision::kF32).value();
  }

  UnpublishedModels models_{{.engines = {std::make_shared<engine::EagerEngineFactory>()}},
                            &tasks::AllDecoders()};
  const ServingDriftFitter fitter_{&models_};
};

TEST_F(ServingDriftFitterTest, TheModelCarriesWhatItWasMadeWith) {
  const auto result = Fit();
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_TRUE(result->description.drift.has_value());
  const model::DriftRecord& record = *result->description.drift;
  EXPECT_TRUE(record.held_out);
  ASSERT_EQ(record.answers.size(), 1u);
  EXPECT_GE(model::Total(record.answers[0]), static_cast<int64_t>(drift::kFewestExamples));
  EXPECT_LT(model::Total(record.answers[0]), dataset_->size());
  ASSERT_EQ(record.pictures.size(), drift::kPictureStatistics);
  EXPECT_EQ(record.pictures[0].of, "brightness");
  EXPECT_GT(model::Total(record.pictures[0]), model::Total(record.answers[0]))
      << "pictures of the training part, too";
  // Again with everything remembered: pixels are looked at all the same.
  const auto again = Fit();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->description.drift, result->description.drift);
}

// What was counted is what a server makes of the same pictures, pixel for pixel.
TEST_F(ServingDriftFitterTest, AServerSeesThePicturesAndGivesTheAnswersThatWereCounted) {
  recipes::FineTuneConfig config;
  config.data.validation_fraction = 0.0;
  const auto result = Fit(config);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_TRUE(result->description.drift.has_value());
  const model::DriftRecord& record = *result->description.drift;
  EXPECT_FALSE(record.held_out) << "nothing was";
  const auto servable = Load(*result);
  std::vector<std::vector<double>> pictures(drift::kPictureStatistics);
  std::vector<double> answers;
  for (int64_t i = 0; i < dataset_->size(); ++i) {
    const auto image = dataset_->Decode(i);
    ASSERT_TRUE(image.ok());
    const auto prepared =
        servable->Prepare(serving::EncodedImage{image::EncodePng(*image).value()});
    ASSERT_TRUE(prepared.ok()) << prepared.status();
    ASSERT_TRUE(prepared->statistics.has_value());
    for (size_t each = 0; each < pictures.size(); ++each) {
      pictures[each].push_back((*prepared->statistics)[each]);
    }
    const auto numbers = RunInputs(*servable, {*prepared});
    ASSERT_TRUE(numbers.ok()) << numbers.status();
    answers.push_back(servable->decoder().ReadParts(numbers->front().outputs).at(0));
  }
  const auto kinds = static_cast<size_t>(servable->decoder().outputs());
  EXPECT_EQ(record.answers.at(0), drift::DistributionOfKinds(answers, kinds));
  for (size_t each = 0; each < pictures.size(); ++each) {
    const model::Distribution served =
        drift::DistributionOf(drift::kPictureStatisticNames[each], pictures[each]);
    EXPECT_EQ(record.pictures.at(each).edges, served.edges) << served.of;
    EXPECT_EQ(record.pictures.at(each).counts, served.counts) << served.of;
  }
}

TEST_F(ServingDriftFitterTest, GoesWithTheRecordOfUnknownInputs) {
  const ServingNoveltyFitter novelty(&models_);
  novelty_ = &novelty;
  const auto result = Fit();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->description.drift.has_value());
  EXPECT_TRUE(result->description.novelty.has_value());
  EXPECT_TRUE(Load(*result)->tells_unknown());
}

TEST_F(ServingDriftFitterTest, AModelThatNoEngineTakesFailsNoJob) {
  UnpublishedModels models(
      {.engines = {std::make_shared<ScaledEngineFactory>(1.f, absl::UnimplementedError("no"))}},
      &tasks::AllDecoders());
  const ServingDriftFitter fitter(&models);
  drift_ = &fitter;
  const auto result = Run({});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->description.drift.has_value());
}

}  // namespace
}  // namespace graft::publishing
