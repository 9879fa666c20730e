#include "core/drift/drift_window.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/drift/reference.h"

namespace graft::drift {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

// Two kinds as often as each other, and pictures of every brightness between 0 and 1.
model::DriftRecord Record() {
  std::vector<double> brightness;
  for (int i = 0; i < 100; ++i) brightness.push_back(i / 100.);
  return {.pictures = {{.of = "weight", .counts = {1}}, DistributionOf("brightness", brightness)},
          .answers = {{.counts = {50, 50}}},
          .held_out = true};
}

class DriftWindowTest : public ::testing::Test {
 protected:
  // The i-th of a stream that is like the record.
  void AddUsual(int i) {
    window_.CountAnswer({static_cast<double>(i % 2)});
    window_.CountPicture({static_cast<float>(i % 100) / 100, 0, 0, 0});
  }

  DriftWindow window_{Record(), 400};
};

TEST_F(DriftWindowTest, TellsNothingOfAFew) {
  for (int i = 0; i < kFewestInputs - 1; ++i) AddUsual(0);
  EXPECT_THAT(window_.Figures(), Each(Field(&DriftFigure::index, std::nullopt)));
  EXPECT_THAT(window_.Figures(), Each(Field(&DriftFigure::inputs, kFewestInputs - 1)));
  AddUsual(0);
  for (const DriftFigure& figure : window_.Figures()) {
    ASSERT_TRUE(figure.index.has_value());
    EXPECT_GE(*figure.index, kDrifted) << figure.of << ": a hundred of one picture";
  }
}

TEST_F(DriftWindowTest, WhatIsLikeTheRecordHasNotDrifted) {
  for (int i = 0; i < 1'000; ++i) AddUsual(i);
  const std::vector<DriftFigure> figures = window_.Figures();
  EXPECT_THAT(figures, ElementsAre(Field(&DriftFigure::of, "answers"),
                                   Field(&DriftFigure::of, "brightness")))
      << "of the statistics those that are known here";
  EXPECT_THAT(figures, Each(Field(&DriftFigure::index, 0.0)));
}

TEST_F(DriftWindowTest, AnswersOfOneKindHave) {
  for (int i = 0; i < 1'000; ++i) AddUsual(i);
  for (int i = 0; i < 400; ++i) window_.CountAnswer({1});
  const std::vector<DriftFigure> figures = window_.Figures();
  EXPECT_GE(figures[0].index, kDrifted);
  EXPECT_EQ(figures[0].bin, 0u) << "the kind that comes no more";
  EXPECT_EQ(figures[0].usual, 0.5);
  EXPECT_EQ(figures[0].now, 0);
  EXPECT_EQ(figures[1].index, 0.0) << "pictures are as they were";
  for (int i = 0; i < 400; ++i) AddUsual(i);
  EXPECT_EQ(window_.Figures()[0].index, 0.0) << "and is forgotten when it ends";
}

TEST_F(DriftWindowTest, DarkerPicturesHave) {
  for (int i = 0; i < 400; ++i) {
    window_.CountAnswer({static_cast<double>(i % 2)});
    window_.CountPicture({static_cast<float>(i % 50) / 100, 0, 0, 0});
  }
  const std::vector<DriftFigure> figures = window_.Figures();
  EXPECT_EQ(figures[0].index, 0.0);
  EXPECT_GE(figures[1].index, kDrifted);
  EXPECT_EQ(figures[1].bin, std::nullopt);
  EXPECT_NEAR(figures[1].usual, 0.495, 1e-6);
  EXPECT_NEAR(figures[1].now, 0.245, 1e-6);
  EXPECT_NEAR(figures[1].deviation, 0.2887, 1e-4);
}

// Pictures whose features were remembered are answered without their pixels.
TEST_F(DriftWindowTest, PicturesAndAnswersAreCountedApart) {
  for (int i = 0; i < 150; ++i) window_.CountAnswer({static_cast<double>(i % 2)});
  const std::vector<DriftFigure> figures = window_.Figures();
  EXPECT_EQ(figures[0].inputs, 150);
  EXPECT_EQ(figures[0].index, 0.0);
  EXPECT_EQ(figures[1].inputs, 0);
  EXPECT_EQ(figures[1].index, std::nullopt);
}

TEST(DriftWindow, OfSeveralPartsThatWhichChangedMostIsTold) {
  const model::Distribution even = {.counts = {50, 50}};
  std::vector<double> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(i);
  DriftWindow window({.answers = {even, even, DistributionOf("", numbers)}}, 400);
  for (int i = 0; i < 200; ++i) {
    const auto half = static_cast<double>(i % 2);
    window.CountAnswer({half, i % 10 == 0 ? 0. : 1., static_cast<double>(i % 100)});
  }
  const DriftFigure figure = window.Figures()[0];
  EXPECT_EQ(figure.part, 1u);
  EXPECT_EQ(figure.bin, 0u);
  EXPECT_NEAR(figure.now, 0.1, 1e-12);
  EXPECT_GE(figure.index, kDrifted);
}

TEST(DriftWindow, OfARecordOfNothingThereIsNothing) {
  DriftWindow window({}, 400);
  window.CountAnswer({});
  window.CountPicture({});
  EXPECT_THAT(window.Figures(), IsEmpty());
}

TEST_F(DriftWindowTest, MayBeToldByManyAtOnce) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this] {
      for (int i = 0; i < 1'000; ++i) {
        AddUsual(i);
        if (i % 100 == 0) window_.Figures();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(window_.Figures()[0].inputs, 400);
}

}  // namespace
}  // namespace graft::drift
