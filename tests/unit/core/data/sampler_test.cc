#include "core/data/sampler.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/data/random.h"

namespace graft::data {
namespace {

TEST(RandomTest, IsSplitMix64) {
  // From the reference implementation, seed 1234567.
  Random random(1234567);
  for (const uint64_t expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                  4593380528125082431u, 16408922859458223821u}) {
    EXPECT_EQ(random.Next(), expected);
  }
}

TEST(RandomTest, EachCombinationHasAStreamOfItsOwn) {
  EXPECT_EQ(Random::For({1, 2, 3}).Next(), Random::For({1, 2, 3}).Next());
  std::set<uint64_t> first;
  for (uint64_t a = 0; a < 20; ++a) {
    for (uint64_t b = 0; b < 20; ++b) first.insert(Random::For({a, b}).Next());
  }
  EXPECT_EQ(first.size(), 400u);
  EXPECT_NE(Random::For({1, 2}).Next(), Random::For({2, 1}).Next());
  EXPECT_NE(Random::For({1}).Next(), Random::For({1, 0}).Next());
}

TEST(RandomTest, UniformFillsItsRangeEvenly) {
  Random random(5);
  double sum = 0;
  double smallest = 1;
  double largest = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double value = random.Uniform();
    sum += value;
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  EXPECT_GE(smallest, 0);
  EXPECT_LT(largest, 1);
  EXPECT_LT(smallest, 0.001);
  EXPECT_GT(largest, 0.999);
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
  for (int i = 0; i < 1'000; ++i) {
    const double value = random.Uniform(-3, -2);
    EXPECT_GE(value, -3);
    EXPECT_LT(value, -2);
  }
}

TEST(RandomTest, BelowIsEvenAndInRange) {
  Random random(9);
  std::vector<int> counts(7, 0);
  for (int i = 0; i < 70'000; ++i) ++counts[random.Below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.Below(1), 0u);
  // Bounds that no 64-bit draw divides evenly, where the draws above the last whole multiple are
  // thrown away.
  const uint64_t bound = (uint64_t{1} << 63) + 1;
  for (int i = 0; i < 1'000; ++i) EXPECT_LT(random.Below(bound), bound);
}

TEST(EpochOrderTest, IsAPermutationOfItsArgumentsAlone) {
  for (const int count : {0, 1, 2, 100}) {
    std::vector<int> order = EpochOrder(count, 42, 3);
    EXPECT_EQ(order, EpochOrder(count, 42, 3));
    std::sort(order.begin(), order.end());
    std::vector<int> all(count);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(order, all);
  }
}

TEST(EpochOrderTest, DiffersByEpochAndBySeed) {
  EXPECT_NE(EpochOrder(100, 42, 0), EpochOrder(100, 42, 1));
  EXPECT_NE(EpochOrder(100, 42, 0), EpochOrder(100, 43, 0));
}

TEST(EpochOrderTest, EveryImageComesFirstAboutAsOften) {
  std::vector<int> first(10, 0);
  for (int epoch = 0; epoch < 10'000; ++epoch) ++first[EpochOrder(10, 1, epoch)[0]];
  for (const int count : first) EXPECT_NEAR(count, 1'000, 150);
}

}  // namespace
}  // namespace graft::data
