#include "core/drift/halved_counts.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::drift {
namespace {

using ::testing::ElementsAre;

class HalvedCountsTest : public ::testing::Test {
 protected:
  const std::vector<model::Distribution> of_ = {{.counts = {1, 1}},
                                                {.edges = {0.5, 1.5}, .counts = {1, 1, 1}}};
  HalvedCounts counts_{of_, 6};
};

TEST_F(HalvedCountsTest, CountsEachInItsBins) {
  counts_.Add({0, 0.5});
  counts_.Add({1, 0.6});
  counts_.Add({1, 9});
  EXPECT_EQ(counts_.inputs(), 3);
  EXPECT_THAT(counts_.CountsOf(0), ElementsAre(1, 2));
  EXPECT_THAT(counts_.CountsOf(1), ElementsAre(1, 1, 1));
  EXPECT_NEAR(counts_.MeanOf(1), 10.1 / 3, 1e-12);
}

TEST_F(HalvedCountsTest, ForgetsHalfAWindowAtATime) {
  for (int i = 0; i < 6; ++i) counts_.Add({0, 0});
  EXPECT_EQ(counts_.inputs(), 6);
  counts_.Add({1, 2});
  EXPECT_EQ(counts_.inputs(), 4);
  EXPECT_THAT(counts_.CountsOf(0), ElementsAre(3, 1));
  EXPECT_DOUBLE_EQ(counts_.MeanOf(1), 0.5);
  for (int i = 0; i < 3; ++i) counts_.Add({1, 2});
  EXPECT_THAT(counts_.CountsOf(0), ElementsAre(0, 4)) << "the first six are gone";
}

TEST_F(HalvedCountsTest, WhatIsNoNumberIsNotCounted) {
  counts_.Add({1, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_EQ(counts_.inputs(), 1);
  EXPECT_THAT(counts_.CountsOf(1), ElementsAre(0, 0, 0));
  EXPECT_EQ(counts_.MeanOf(1), 0);
}

}  // namespace
}  // namespace graft::drift
