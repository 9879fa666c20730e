#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/serving/drift_watch.h"
#include "tests/unit/core/serving/predictor_fixture.h"

namespace graft::serving {
namespace {

// The fake model answers a picture with its letter, and the picture is as bright as that.
class PredictorDriftTest : public PredictorTest {
 protected:
  void Start() {
    FakeServable::Shape shape;
    shape.drift_watch = watch_;
    PredictorTest::Start({}, shape);
  }
  void Ask(const std::vector<std::string>& images, int times) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(Submit(images).Wait().ok());
  }

  const std::shared_ptr<DriftWatch> watch_ =
      std::make_shared<DriftWatch>(model::DriftRecord{.pictures = {{.of = "brightness",
                                                                    .edges = {0.25, 0.75},
                                                                    .counts = {20, 20, 20},
                                                                    .mean = 0.5,
                                                                    .deviation = 0.4}},
                                                      .answers = {{.counts = {20, 20, 20}}},
                                                      .held_out = true},
                                   std::make_shared<FakeDecoder>(), 400);
};

TEST_F(PredictorDriftTest, WhatIsAskedAsEverHasNotDrifted) {
  Start();
  Ask({"a", "b", "c"}, 100);
  const std::vector<NamedDrift> figures = watch_->NamedFigures();
  ASSERT_EQ(figures.size(), 2u);
  for (const NamedDrift& each : figures) {
    EXPECT_EQ(each.figure.inputs, 300);
    EXPECT_EQ(each.figure.index, 0.0) << each.figure.of;
  }
}

TEST_F(PredictorDriftTest, OneAnswerAloneHas) {
  Start();
  Ask({"c", "c"}, 100);
  const std::vector<NamedDrift> figures = watch_->NamedFigures();
  EXPECT_GE(figures[0].figure.index, drift::kDrifted);
  EXPECT_EQ(figures[0].what, "a") << "which is not answered any more";
  EXPECT_GE(figures[1].figure.index, drift::kDrifted);
  EXPECT_EQ(figures[1].figure.of, "brightness");
  EXPECT_EQ(figures[1].what, "");
  EXPECT_EQ(figures[1].figure.now, 1);
}

TEST_F(PredictorDriftTest, OnlyAnswersCount) {
  Start();
  Answer<PredictResponse> embedded;
  predictor_->Submit({.project = "p",
                      .models = {{.model = "m", .want = Want::kEmbeddings}},
                      .inputs = Inputs({"a"})},
                     absl::InfiniteDuration(), embedded.Callback());
  ASSERT_TRUE(embedded.Wait().ok());
  EXPECT_FALSE(Submit({"bad"}).Wait().ok());
  ASSERT_TRUE(Submit({"a"}, "n").Wait().ok()) << "another model";
  EXPECT_EQ(watch_->Figures().at(0).inputs, 0);
  EXPECT_EQ(watch_->Figures().at(1).inputs, 0);
  Ask({"a"}, 1);
  EXPECT_EQ(watch_->Figures().at(0).inputs, 1);
}

// Of who is asked together with another model each counts its own.
TEST_F(PredictorDriftTest, OfSeveralModelsEachCounts) {
  Start();
  ASSERT_TRUE(SubmitTo({"n", "m"}, {"a", "b"}).Wait().ok());
  EXPECT_EQ(watch_->Figures().at(0).inputs, 2);
}

TEST_F(PredictorDriftTest, TheManagerSaysWhoWatches) {
  Start();
  Ask({"a"}, 1);
  EXPECT_EQ(manager_->Find({"p", "m", 1})->drift_watch, watch_);
  ASSERT_TRUE(Submit({"a"}, "n").Wait().ok());
  EXPECT_EQ(manager_->Find({"p", "n", 1})->drift_watch, nullptr);
}

}  // namespace
}  // namespace graft::serving
