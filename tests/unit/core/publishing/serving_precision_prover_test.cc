#include "core/publishing/serving_precision_prover.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "core/base/files.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"
#include "core/publishing/range_finder.h"
#include "core/publishing/shared_ranges.h"
#include "core/publishing/untried_precision.h"
#include "core/tasks/decoder_catalog.h"
#include "tests/fakes/scaled_engine.h"
#include "tests/unit/core/training/tiny_fine_tune.h"

namespace graft::publishing {
namespace {

using model::Precision;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServingPrecisionProverTest : public training::TinyFineTuneTest {
 protected:
  // What a job finds out with this engine beside LibTorch.
  absl::StatusOr<training::FineTuneResult> RunWith(
      std::shared_ptr<const engine::EngineFactory> engine, recipes::FineTuneConfig config = {}) {
    UnpublishedModels::Options options;
    options.engines = {std::move(engine), std::make_shared<engine::EagerEngineFactory>()};
    UnpublishedModels models(options, &tasks::AllDecoders());
    return RunWith(models, std::move(config));
  }
  // The same with what jobs before have left in `models`.
  absl::StatusOr<training::FineTuneResult> RunWith(UnpublishedModels& models,
                                                   recipes::FineTuneConfig config) {
    const ServingPrecisionProver prover(&models, shared_);
    precision_ = &prover;
    auto result = Run(std::move(config));
    precision_ = nullptr;
    return result;
  }
  model::PrecisionRecord RecordWith(std::shared_ptr<const engine::EngineFactory> engine,
                                    recipes::FineTuneConfig config = {}) {
    const auto result = RunWith(std::move(engine), std::move(config));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->description.precision.value() : model::PrecisionRecord();
  }

  const SharedRanges* shared_ = nullptr;
};

TEST_F(ServingPrecisionProverTest, ServesThePrecisionThatAnswersAlike) {
  const auto result = RunWith(std::make_shared<ScaledEngineFactory>(1.f));
  ASSERT_TRUE(result.ok()) << result.status();
  const model::PrecisionRecord& record = result->description.precision.value();
  EXPECT_EQ(record.chosen, Precision::kBf16);
  EXPECT_EQ(record.figure, "accuracy");
  ASSERT_EQ(record.trials.size(), 1u);
  EXPECT_EQ(record.trials[0].declined, "");
  EXPECT_EQ(record.trials[0].rows, 1'000);
  EXPECT_EQ(record.trials[0].agreement, 1);
  EXPECT_EQ(record.trials[0].score, record.trials[0].score_f32);
  // The classes are easy, on views too.
  EXPECT_GT(record.trials[0].score_f32, 0.8);
  // The card tells it, and how long it took.
  const auto card = nlohmann::json::parse(result->card_json);
  EXPECT_EQ(card.at("precision").at("chosen"), "bf16");
  EXPECT_TRUE(card.at("phase_seconds").contains("precision"));
}

TEST_F(ServingPrecisionProverTest, KeepsFloat32WhereAnswersChange) {
  const model::PrecisionRecord record = RecordWith(std::make_shared<ScaledEngineFactory>(-1.f));
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_LT(record.trials[0].agreement, 0.9);
  EXPECT_LT(record.trials[0].score, record.trials[0].score_f32);
  EXPECT_THAT(record.reason, HasSubstr("99.5 % of the answers are asked for"));
}

TEST_F(ServingPrecisionProverTest, WhatGoesWrongInAnEngineDoesNotFailTheJob) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  model::PrecisionRecord record = RecordWith(std::make_shared<ScaledEngineFactory>(
      1.f, absl::UnimplementedError("no instructions for it")));
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_THAT(record.trials[0].declined, HasSubstr("no instructions for it"));
  EXPECT_EQ(record.trials[0].rows, 0);

  checkpoints_.saved.clear();
  record = RecordWith(std::make_shared<ScaledEngineFactory>(nan));
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_EQ(record.trials[0].declined, "it gives numbers that are not finite");

  checkpoints_.saved.clear();
  record = RecordWith(std::make_shared<ScaledEngineFactory>(1.f, absl::OkStatus(),
                                                            absl::InternalError("it broke")));
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_THAT(record.trials[0].declined, HasSubstr("it broke"));
}

TEST_F(ServingPrecisionProverTest, TheJobMayAskForOne) {
  recipes::FineTuneConfig config;
  config.publish.precision = recipes::PrecisionChoice::kF32;
  model::PrecisionRecord record = RecordWith(std::make_shared<ScaledEngineFactory>(1.f), config);
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_THAT(record.trials, IsEmpty());
  EXPECT_EQ(record.reason, "f32: the job asks for it");

  checkpoints_.saved.clear();
  config.publish.precision = recipes::PrecisionChoice::kBf16;
  record = RecordWith(std::make_shared<ScaledEngineFactory>(-1.f), config);
  EXPECT_EQ(record.chosen, Precision::kBf16);
  EXPECT_LT(record.trials[0].agreement, 0.9);
}

// Answers are compared, whatever is known of the truth.
TEST_F(ServingPrecisionProverTest, WithNothingHeldOutTheTrainingPicturesServe) {
  recipes::FineTuneConfig config;
  config.data.validation_fraction = 0;
  const model::PrecisionRecord record =
      RecordWith(std::make_shared<ScaledEngineFactory>(1.f), config);
  EXPECT_EQ(record.chosen, Precision::kBf16);
  EXPECT_EQ(record.figure, "");
  EXPECT_EQ(record.trials[0].rows, 1'000);
  EXPECT_EQ(record.trials[0].score_f32, 0);
}

std::shared_ptr<ScaledEngineFactory> InEightBits(float factor) {
  return std::make_shared<ScaledEngineFactory>(factor, absl::OkStatus(), absl::OkStatus(), nullptr,
                                               Precision::kInt8);
}

TEST_F(ServingPrecisionProverTest, ForEightBitsItFindsRangesOnTheTrainingPictures) {
  const auto result = RunWith(InEightBits(1));
  ASSERT_TRUE(result.ok()) << result.status();
  const model::PrecisionRecord& record = result->description.precision.value();
  EXPECT_EQ(record.chosen, Precision::kInt8);
  ASSERT_EQ(record.trials.size(), 1u);
  EXPECT_EQ(record.trials[0].precision, Precision::kInt8);
  EXPECT_EQ(record.trials[0].rows, 1'000);
  EXPECT_FALSE(record.ranges.empty());
  EXPECT_TRUE(model::Validate(record.ranges).ok());
  // They are for engines: the card has the figures alone.
  const auto card = nlohmann::json::parse(result->card_json);
  EXPECT_EQ(card.at("precision").at("chosen"), "int8");
  EXPECT_FALSE(card.at("precision").contains("ranges"));
}

TEST_F(ServingPrecisionProverTest, ModelsOverOneBackboneTakeTheRangesOfTheFirst) {
  const TempDirectory folder = *TempDirectory::Create();
  const SharedRanges shared(folder.path());
  shared_ = &shared;
  const model::PrecisionRecord first = RecordWith(InEightBits(1));
  ASSERT_EQ(first.chosen, Precision::kInt8);
  recipes::FineTuneConfig config;
  config.training.seed = 7;  // another split, and so other ranges
  checkpoints_.saved.clear();
  EXPECT_EQ(RecordWith(InEightBits(1), config).ranges, first.ranges);
  // Nothing is searched for: what would be too noisy is tried as it is, and judged by its answers.
  checkpoints_.saved.clear();
  const model::PrecisionRecord wrong = RecordWith(InEightBits(-1), config);
  EXPECT_EQ(wrong.chosen, Precision::kF32);
  EXPECT_EQ(wrong.trials[0].rows, 1'000);
  EXPECT_EQ(wrong.ranges, first.ranges);
  shared_ = nullptr;
  checkpoints_.saved.clear();
  EXPECT_NE(RecordWith(InEightBits(1), config).ranges, first.ranges);
}

TEST_F(ServingPrecisionProverTest, AModelThatHasChangedItsTopTakesTheRangesBelow) {
  const TempDirectory folder = *TempDirectory::Create();
  const SharedRanges shared(folder.path() / "ranges");
  shared_ = &shared;
  recipes::FineTuneConfig top;
  top.strategy = recipes::Strategy::kTopLayers;
  top.training.trainable_stages = 1;
  top.training.seed = 7;  // another split, and so other ranges
  const model::PrecisionRecord alone = RecordWith(InEightBits(1), top);
  ASSERT_EQ(alone.ranges.size(), 2u);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "ranges"))
      << "it knows nothing of the layers that it has changed";
  checkpoints_.saved.clear();
  const model::PrecisionRecord whole = RecordWith(InEightBits(1));
  ASSERT_EQ(whole.ranges.size(), 2u);
  ASSERT_NE(whole.ranges[0], alone.ranges[0]);
  checkpoints_.saved.clear();
  const model::PrecisionRecord taken = RecordWith(InEightBits(1), top);
  EXPECT_EQ(taken.chosen, Precision::kInt8);
  ASSERT_EQ(taken.ranges.size(), 2u);
  EXPECT_EQ(taken.ranges[0], whole.ranges[0]);
  EXPECT_EQ(taken.ranges[1], alone.ranges[1]) << "that is its own";
}

// They share a trunk and a cache, and read of it in different places.
TEST_F(ServingPrecisionProverTest, WhatJobsRememberOfPicturesIsOfTheStagesThatTheyShare) {
  UnpublishedModels::Options options;
  options.engines = {std::make_shared<ScaledEngineFactory>(1.f),
                     std::make_shared<engine::EagerEngineFactory>()};
  UnpublishedModels models(options, &tasks::AllDecoders());
  recipes::FineTuneConfig config;
  for (const recipes::Strategy strategy :
       {recipes::Strategy::kFeatureExtraction, recipes::Strategy::kTopLayers}) {
    config.strategy = strategy;
    if (strategy == recipes::Strategy::kTopLayers) config.training.trainable_stages = 1;
    checkpoints_.saved.clear();
    const auto result = RunWith(models, config);
    ASSERT_TRUE(result.ok()) << result.status();
    const model::PrecisionRecord& record = result->description.precision.value();
    ASSERT_EQ(record.trials.size(), 1u);
    EXPECT_EQ(record.trials[0].declined, "");
    EXPECT_EQ(record.trials[0].agreement, 1);
  }
}

TEST_F(ServingPrecisionProverTest, RangesThatServeNoModelWellAreNotForOthers) {
  const TempDirectory folder = *TempDirectory::Create();
  const SharedRanges shared(folder.path() / "ranges");
  shared_ = &shared;
  EXPECT_EQ(RecordWith(InEightBits(-1)).chosen, Precision::kF32);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "ranges"));
}

TEST_F(ServingPrecisionProverTest, WhereEveryLayerIsTooNoisyEightBitsAreDeclined) {
  const model::PrecisionRecord record = RecordWith(InEightBits(-1));
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_THAT(record.trials[0].declined, HasSubstr("too far from float32"));
  EXPECT_EQ(record.trials[0].rows, 0);
  EXPECT_THAT(record.ranges, IsEmpty());
}

TEST_F(ServingPrecisionProverTest, RangesAreFoundOnlyWhereTheyAreWanted) {
  recipes::FineTuneConfig config;
  config.publish.precision = recipes::PrecisionChoice::kBf16;
  EXPECT_THAT(RecordWith(InEightBits(1), config).ranges, IsEmpty());
  checkpoints_.saved.clear();
  config.publish.precision = recipes::PrecisionChoice::kInt8;
  const model::PrecisionRecord record = RecordWith(InEightBits(1), config);
  EXPECT_EQ(record.chosen, Precision::kInt8);
  EXPECT_FALSE(record.ranges.empty());
}

TEST_F(ServingPrecisionProverTest, ADrainEndsTheSearchForRanges) {
  int polls = 0;
  desired_ = [&] {
    const bool in_trials =
        !observer_.phases.empty() && observer_.phases.back().phase == training::kPrecisionPhase;
    return in_trials && ++polls > 2 ? training::RunSignal::kDrain : training::RunSignal::kRun;
  };
  const auto runs = std::make_shared<int>(0);
  const auto drained = RunWith(std::make_shared<ScaledEngineFactory>(
      1.f, absl::OkStatus(), absl::OkStatus(), runs, Precision::kInt8));
  ASSERT_FALSE(drained.ok());
  EXPECT_TRUE(training::IsDrained(drained.status())) << drained.status();
  EXPECT_EQ(*runs, 0);  // the trial had not begun
  desired_ = nullptr;
}

TEST_F(ServingPrecisionProverTest, ADrainEndsItAndTheNextRunFindsTheSame) {
  int polls = 0;
  desired_ = [&] {
    const bool in_trials =
        !observer_.phases.empty() && observer_.phases.back().phase == training::kPrecisionPhase;
    return in_trials && ++polls > 3 ? training::RunSignal::kDrain : training::RunSignal::kRun;
  };
  const auto drained = RunWith(std::make_shared<ScaledEngineFactory>(1.f));
  ASSERT_FALSE(drained.ok());
  EXPECT_TRUE(training::IsDrained(drained.status())) << drained.status();
  desired_ = nullptr;
  const auto again = RunWith(std::make_shared<ScaledEngineFactory>(1.f));
  ASSERT_TRUE(again.ok()) << again.status();
  checkpoints_.saved.clear();
  const auto undisturbed = RunWith(std::make_shared<ScaledEngineFactory>(1.f));
  ASSERT_TRUE(undisturbed.ok()) << undisturbed.status();
  EXPECT_EQ(again->model, undisturbed->model);
  EXPECT_EQ(again->description.precision, undisturbed->description.precision);
}

// Of another head on the same data nothing is read or computed again but the head.
TEST_F(ServingPrecisionProverTest, ASecondJobOnTheSameDataFindsWhatTheFirstComputed) {
  const auto runs = std::make_shared<int>(0);
  UnpublishedModels::Options options;
  options.engines = {
      std::make_shared<ScaledEngineFactory>(1.f, absl::OkStatus(), absl::OkStatus(), runs),
      std::make_shared<engine::EagerEngineFactory>()};
  UnpublishedModels models(options, &tasks::AllDecoders());
  const ServingPrecisionProver prover(&models);
  precision_ = &prover;
  const auto trial = [&](model::HeadKind head) {
    checkpoints_.saved.clear();
    recipes::FineTuneConfig config;
    config.head.kind = head;
    const auto result = Run(config);
    EXPECT_TRUE(result.ok()) << result.status();
    return result->description.precision->trials.at(0);
  };
  EXPECT_EQ(trial(model::HeadKind::kLinear).rows, 1'000);
  const int first = *runs;
  const model::PrecisionTrial second = trial(model::HeadKind::kCosine);
  EXPECT_EQ(second.rows, 1'000);
  EXPECT_EQ(second.agreement, 1);
  // Of the two segments the head's alone.
  EXPECT_EQ(*runs - first, first / 2);
  EXPECT_EQ(trial(model::HeadKind::kCosine), second);
}

// As it is on a server: OpenVINO's 8-bit integers where the processor has them.
TEST_F(ServingPrecisionProverTest, OpenVinosEightBitsAreTriedWhereTheProcessorCan) {
  const auto int8 = std::make_shared<engine::OpenVinoEngineFactory>(0, Precision::kInt8);
  const model::PrecisionRecord record = RecordWith(int8);
  ASSERT_EQ(record.trials.size(), 1u);
  if (!int8->Available().ok()) {
    EXPECT_THAT(record.trials[0].declined, HasSubstr("8-bit integers"));
    EXPECT_THAT(record.ranges, IsEmpty());
    return;
  }
  EXPECT_EQ(record.trials[0].declined, "");
  EXPECT_EQ(record.trials[0].rows, 1'000);
  EXPECT_GT(record.trials[0].agreement, 0.9);
  EXPECT_FALSE(record.ranges.empty());
}

// As it is on a server: OpenVINO's bfloat16 where the processor has it.
TEST_F(ServingPrecisionProverTest, OpenVinoIsTriedWhereTheProcessorCan) {
  const auto bf16 = std::make_shared<engine::OpenVinoEngineFactory>(0, Precision::kBf16);
  const model::PrecisionRecord record = RecordWith(bf16);
  ASSERT_EQ(record.trials.size(), 1u);
  if (!bf16->Available().ok()) {
    EXPECT_THAT(record.trials[0].declined, HasSubstr("bfloat16"));
    return;
  }
  EXPECT_EQ(record.trials[0].rows, 1'000);
  EXPECT_GT(record.trials[0].agreement, 0.95);
}

TEST_F(ServingPrecisionProverTest, WhatIsNotTriedSaysWhy) {
  const UntriedPrecision untried("not tried in attempt 3");
  precision_ = &untried;
  const auto result = Run();
  precision_ = nullptr;
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(untried.Forwards(std::nullopt), 0);
  EXPECT_EQ(result->description.precision->chosen, Precision::kF32);
  EXPECT_EQ(result->description.precision->reason, "bf16: not tried in attempt 3");
}

TEST_F(ServingPrecisionProverTest, CountsWhatItSendsThroughTheNetwork) {
  const auto forwards = [](std::vector<std::shared_ptr<const engine::EngineFactory>> engines,
                           std::optional<Precision> asked) {
    UnpublishedModels models({.engines = std::move(engines)}, &tasks::AllDecoders());
    return ServingPrecisionProver(&models).Forwards(asked);
  };
  const auto eager = std::make_shared<engine::EagerEngineFactory>();
  const auto scaled = std::make_shared<ScaledEngineFactory>(1.f);
  EXPECT_EQ(forwards({scaled, eager}, std::nullopt), 2'000);
  EXPECT_EQ(forwards({scaled, eager}, Precision::kBf16), 2'000);
  EXPECT_EQ(forwards({scaled, eager}, Precision::kF32), 0);
  EXPECT_EQ(forwards({eager}, std::nullopt), 0);
  EXPECT_EQ(forwards({InEightBits(1), scaled, eager}, std::nullopt), 3'000 + kRangeForwards);
  EXPECT_EQ(forwards({InEightBits(1), scaled, eager}, Precision::kBf16), 2'000);
  EXPECT_EQ(
      forwards({std::make_shared<ScaledEngineFactory>(1.f, absl::UnimplementedError("no")), eager},
               std::nullopt),
      0);
}

}  // namespace
}  // namespace graft::publishing
