#include "core/engine/choose_precision.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::engine {
namespace {

using model::Precision;
using model::PrecisionTrial;
using ::testing::HasSubstr;

PrecisionTrial Good() {
  return {.precision = Precision::kBf16,
          .rows = 1'000,
          .agreement = 0.995,
          .score_f32 = 0.905,
          .score = 0.9};
}

TEST(WhyNot, PassesAtTheVeryLimits) { EXPECT_EQ(WhyNot(Good(), "accuracy", {}), ""); }

TEST(WhyNot, SaysWhatFallsShort) {
  PrecisionTrial trial = Good();
  trial.rows = 999;
  EXPECT_EQ(WhyNot(trial, "accuracy", {}), "tried on 999 rows, and 1,000 are asked for");
  trial = Good();
  trial.agreement = 0.9949;
  EXPECT_EQ(WhyNot(trial, "accuracy", {}),
            "99.4 % of 1,000 answers are those of f32, accuracy 0.900 (f32: 0.905); 99.5 % of the "
            "answers are asked for");
  trial = Good();
  trial.score = 0.8999;
  EXPECT_THAT(WhyNot(trial, "accuracy", {}), HasSubstr("it may fall by 0.005 at most"));
  // Without labels only the answers count.
  EXPECT_EQ(WhyNot(trial, "", {}), "");
  trial = Good();
  trial.declined = "too old";
  EXPECT_EQ(WhyNot(trial, "accuracy", {}), "too old");
}

TEST(DecidePrecision, TheFirstThatPassesIsServed) {
  const model::PrecisionRecord record = DecidePrecision({Good()}, "accuracy", std::nullopt);
  EXPECT_EQ(record.chosen, Precision::kBf16);
  EXPECT_EQ(record.reason,
            "bf16: 99.5 % of 1,000 answers are those of f32, accuracy 0.900 (f32: 0.905)");
  EXPECT_EQ(record.figure, "accuracy");
  EXPECT_EQ(record.trials, std::vector<PrecisionTrial>{Good()});
}

TEST(DecidePrecision, Float32WhereNonePasses) {
  PrecisionTrial declined{.precision = Precision::kBf16, .declined = "no instructions"};
  model::PrecisionRecord record = DecidePrecision({declined}, "accuracy", std::nullopt);
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_EQ(record.reason, "bf16: no instructions");
  record = DecidePrecision({}, "", std::nullopt);
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_EQ(record.reason, "no other precision was tried");
}

TEST(DecidePrecision, WhatTheJobAsksForIsTakenAndTheTrialIsTold) {
  PrecisionTrial bad = Good();
  bad.agreement = 0.5;
  model::PrecisionRecord record = DecidePrecision({bad}, "", Precision::kBf16);
  EXPECT_EQ(record.chosen, Precision::kBf16);
  EXPECT_EQ(record.reason, "bf16: the job asks for it; 50.0 % of 1,000 answers are those of f32");
  record = DecidePrecision({}, "", Precision::kF32);
  EXPECT_EQ(record.chosen, Precision::kF32);
  EXPECT_EQ(record.reason, "f32: the job asks for it");
}

TEST(ChoosePrecision, TheServersOwnerComesBeforeTheRecord) {
  model::PrecisionRecord record;
  record.chosen = Precision::kBf16;
  record.reason = "all the same";
  EXPECT_EQ(ChoosePrecision(record, std::nullopt),
            (ServedPrecision{Precision::kBf16, "all the same"}));
  EXPECT_EQ(ChoosePrecision(record, Precision::kF32).precision, Precision::kF32);
  EXPECT_THAT(ChoosePrecision(record, Precision::kF32).reason, HasSubstr("--serving-precision"));
  EXPECT_EQ(ChoosePrecision(std::nullopt, Precision::kBf16).precision, Precision::kBf16);
  EXPECT_EQ(ChoosePrecision(std::nullopt, std::nullopt).precision, Precision::kF32);
}

}  // namespace
}  // namespace graft::engine
