#include "core/publishing/trial_rows.h"

#include <set>

#include "gtest/gtest.h"

namespace graft::publishing {
namespace {

using training::ExampleRequest;

TEST(TrialRows, ManyEntriesAreSpreadEvenlyAndPlain) {
  std::vector<int64_t> entries;
  for (int64_t i = 0; i < 40; ++i) entries.push_back(100 + i);
  const auto rows = TrialRows(entries, 10, 1);
  ASSERT_EQ(rows.size(), 10u);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].entry, 100 + 4 * static_cast<int64_t>(i));
    EXPECT_EQ(rows[i].augmentation_seed, 0u);
  }
  EXPECT_EQ(TrialRows(entries, 40, 1).size(), 40u);
}

TEST(TrialRows, FewEntriesComePlainFirstAndThenInViewsThatAreAllDifferent) {
  const auto rows = TrialRows({7, 9, 11}, 8, 5);
  ASSERT_EQ(rows.size(), 8u);
  std::set<uint64_t> seeds;
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].entry, 7 + 2 * static_cast<int64_t>(i % 3));
    EXPECT_EQ(rows[i].augmentation_seed == 0, i < 3);
    if (i >= 3) seeds.insert(rows[i].augmentation_seed);
  }
  EXPECT_EQ(seeds.size(), 5u);
}

TEST(TrialRows, AreAFunctionOfTheSeed) {
  const auto seeds = [](uint64_t seed) {
    std::vector<uint64_t> found;
    for (const ExampleRequest& row : TrialRows({1}, 4, seed))
      found.push_back(row.augmentation_seed);
    return found;
  };
  EXPECT_EQ(seeds(3), seeds(3));
  EXPECT_NE(seeds(3), seeds(4));
}

TEST(TrialRows, NothingComesOfNothing) { EXPECT_TRUE(TrialRows({}, 1'000, 1).empty()); }

}  // namespace
}  // namespace graft::publishing
