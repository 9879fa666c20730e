#include "core/recipes/promise.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::recipes {
namespace {

using ::testing::HasSubstr;

TEST(PhaseToTryTest, IsTheCostliestThatCanBePaidFor) {
  const TuningCost costs[] = {{1, 20}, {2, 90}};
  EXPECT_EQ(PhaseToTry(costs, 100), 2);
  EXPECT_EQ(PhaseToTry(costs, 90), 2);
  EXPECT_EQ(PhaseToTry(costs, 89), 1);
  EXPECT_EQ(PhaseToTry(costs, 19), std::nullopt);
  EXPECT_EQ(PhaseToTry({}, 100), std::nullopt);
}

HeadOutcome Head(std::optional<double> figure, int64_t train_images = 1'000) {
  return {figure, "accuracy", train_images, 10};
}

TEST(JudgePromiseTest, AHeadThatLacksLittleIsLeftAlone) {
  EXPECT_FALSE(JudgePromise(Head(0.98)).tune);
  EXPECT_TRUE(JudgePromise(Head(0.96)).tune);
  EXPECT_THAT(JudgePromise(Head(0.96)).why,
              HasSubstr("validation accuracy of 0.9600; with 100 images an output fine-tuning adds "
                        "about 0.0133, more than 0.01"));
  // An R2 can be far below.
  EXPECT_TRUE(JudgePromise(Head(-3.0)).tune);
}

TEST(JudgePromiseTest, FewImagesPromiseLittle) {
  EXPECT_TRUE(JudgePromise(Head(0.9, 500)).tune);
  EXPECT_FALSE(JudgePromise(Head(0.9, 200)).tune);
  EXPECT_TRUE(JudgePromise(Head(0.9, 100'000)).tune);
  EXPECT_FALSE(JudgePromise(Head(0.98, 100'000)).tune) << "more than enough are no more promise";
}

TEST(JudgePromiseTest, WithoutAFigureNobodyCouldTell) {
  EXPECT_FALSE(JudgePromise(Head(std::nullopt)).tune);
  EXPECT_THAT(JudgePromise(Head(std::nullopt)).why, HasSubstr("nothing is held out"));
  EXPECT_FALSE(JudgePromise(Head(NAN)).tune);
}

TEST(IsWorthKeepingTest, WhatIsAsGoodAsTheHeadAloneIsNot) {
  EXPECT_FALSE(IsWorthKeeping(0.9, 0.9, 1'000));
  EXPECT_FALSE(IsWorthKeeping(0.9, 0.904, 1'000));
  EXPECT_TRUE(IsWorthKeeping(0.9, 0.906, 1'000));
  EXPECT_FALSE(IsWorthKeeping(0.9, 0.92, 50)) << "one image more";
  EXPECT_TRUE(IsWorthKeeping(0.9, 0.94, 50)) << "two";
  EXPECT_FALSE(IsWorthKeeping(0.9, NAN, 50));
}

}  // namespace
}  // namespace graft::recipes
