#include "core/drift/stability_index.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/drift/drift_window.h"
#include "core/drift/reference.h"

namespace graft::drift {
namespace {

using Counts = std::vector<int64_t>;

TEST(StabilityIndex, IsWhatTheFormulaSays) {
  const Stability two = CompareCounts({80, 20}, {50, 50});
  EXPECT_NEAR(two.psi, 0.406287, 1e-6);
  EXPECT_NEAR(two.index, 0.406287 - (1 / 100. + 1 / 100.), 1e-6);
  EXPECT_EQ(two.most, 1u) << "twenty of a hundred for fifty says more than eighty for fifty";
  // The bin that holds nothing of either is none.
  const Stability three = CompareCounts({300, 0, 0, 100}, {10, 10, 0, 20});
  EXPECT_NEAR(three.psi, 2.040860, 1e-6);
  EXPECT_NEAR(three.index, 2.040860 - 2 * (1 / 400. + 1 / 40.), 1e-6);
  EXPECT_EQ(three.most, 1u);
}

TEST(StabilityIndex, WhatChanceExplainsIsNothing) {
  const Stability same = CompareCounts({50, 50}, {50, 50});
  EXPECT_EQ(same.psi, 0);
  EXPECT_EQ(same.index, 0);
  const Stability chance = CompareCounts({60, 40}, {50, 50});
  EXPECT_GT(chance.psi, 0.02);
  EXPECT_EQ(chance.index, 0);
  // Of more comparisons chance explains more.
  EXPECT_GT(CompareCounts({75, 25}, {50, 50}).index, 0);
  EXPECT_EQ(CompareCounts({75, 25}, {50, 50}, 1'000).index, 0);
}

TEST(StabilityIndex, OfNothingThereIsNothingToTell) {
  EXPECT_EQ(CompareCounts({}, {}).index, 0);
  EXPECT_EQ(CompareCounts({0, 0}, {5, 5}).index, 0);
  EXPECT_EQ(CompareCounts({5, 5}, {0, 0}).index, 0);
  EXPECT_EQ(CompareCounts({500}, {50}).index, 0) << "one bin";
}

// Of tables.
TEST(StabilityIndex, KnowsTheNormalAndTheChiSquareDistribution) {
  EXPECT_NEAR(NormalQuantile(0.001), 3.0902, 1e-3);
  EXPECT_NEAR(NormalQuantile(0.05), 1.6449, 1e-3);
  for (const auto& [degrees, value] :
       {std::pair(1., 10.828), {4., 18.467}, {9., 27.877}, {99., 148.230}}) {
    EXPECT_GE(ChiSquareQuantile(degrees, 0.001), value * 0.999) << degrees;
    EXPECT_LE(ChiSquareQuantile(degrees, 0.001), value * 1.035) << degrees;
  }
}

class FalseAlarms : public ::testing::Test {
 protected:
  // So many drawn by their weights.
  Counts Draw(const std::vector<double>& weights, int64_t count) {
    std::discrete_distribution<size_t> kind(weights.begin(), weights.end());
    Counts counts(weights.size());
    for (int64_t i = 0; i < count; ++i) ++counts[kind(random_)];
    return counts;
  }

  std::mt19937 random_{7};
};

constexpr int64_t kWindow = 1'000;  // the default, of which at least half is full
constexpr int kTrials = 2'000;

// Against held-out parts of all sizes, drawn from what they tell, and from what they were drawn
// from themselves.
TEST_F(FalseAlarms, AreFewerThanOneInAHundred) {
  for (const size_t kinds : {2u, 10u, 100u}) {
    for (const bool even : {true, false}) {
      std::vector<double> truth(kinds, 1);
      for (size_t i = 0; !even && i < kinds; ++i) truth[i] = 1.0 / static_cast<double>(i + 1);
      for (const int64_t held_out : {10, 40, 200}) {
        int of_reference = 0;
        int of_truth = 0;
        for (int trial = 0; trial < kTrials; ++trial) {
          const Counts reference = Draw(truth, held_out);
          const std::vector<double> weights(reference.begin(), reference.end());
          of_reference +=
              CompareCounts(Draw(weights, kWindow / 2), reference).index >= kDrifted ? 1 : 0;
          of_truth += CompareCounts(Draw(truth, kWindow / 2), reference).index >= kDrifted ? 1 : 0;
        }
        EXPECT_LT(of_reference, kTrials / 100) << kinds << " " << even << " " << held_out;
        EXPECT_LT(of_truth, kTrials / 100) << kinds << " " << even << " " << held_out;
      }
    }
  }
}

// Of numbers, in bins between the quantiles of the reference itself.
TEST_F(FalseAlarms, OfNumbersAreFewerThanOneInAHundredToo) {
  std::normal_distribution<double> normal;
  for (const int examples : {10, 60, 500}) {
    int alarms = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<double> values(static_cast<size_t>(examples));
      for (double& value : values) value = normal(random_);
      const model::Distribution reference = DistributionOf("", std::move(values));
      Counts now(reference.counts.size());
      for (int64_t i = 0; i < kWindow / 2; ++i) ++now[model::BinOf(reference, normal(random_))];
      alarms += CompareCounts(now, reference.counts).index >= kDrifted ? 1 : 0;
    }
    EXPECT_LT(alarms, kTrials / 100) << examples;
  }
}

// The same without what makes it so.
TEST_F(FalseAlarms, WouldBeTheRuleWithTheIndexAsItIs) {
  const std::vector<double> truth(100, 1);
  int alarms = 0;
  for (int trial = 0; trial < 100; ++trial) {
    alarms += CompareCounts(Draw(truth, kWindow / 2), Draw(truth, 200)).psi >= kDrifted ? 1 : 0;
  }
  EXPECT_EQ(alarms, 100);
}

TEST_F(FalseAlarms, DoNotMakeItBlind) {
  for (const size_t kinds : {2u, 10u, 100u}) {
    const std::vector<double> truth(kinds, 1);
    std::vector<double> shifted = truth;
    shifted[0] = 9.0 * static_cast<double>(kinds);
    for (int trial = 0; trial < 100; ++trial) {
      EXPECT_GE(CompareCounts(Draw(shifted, kWindow / 2), Draw(truth, 40)).index, kDrifted)
          << kinds;
    }
  }
}

}  // namespace
}  // namespace graft::drift
