#include "core/recipes/option_range.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace graft::recipes {
namespace {

TEST(OptionRange, SaysWhatItTakes) {
  EXPECT_EQ(RangeWords(Between(1, 10'000)), "1 to 10,000");
  EXPECT_EQ(RangeWords(Between(0.0, 1e9)), "0 to 1e9");
  EXPECT_EQ(RangeWords(FromBelow(0.0, 1.0)), "at least 0 and below 1");
  EXPECT_EQ(RangeWords(AboveUpTo(0.0, 100.0)), "above 0 and at most 100");
}

TEST(OptionRange, EndsAtItsEdges) {
  const auto edges = EdgesOf(AboveUpTo(0.0, 100.0));
  EXPECT_EQ(edges.below, 0);
  EXPECT_EQ(edges.lowest, std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(edges.highest, 100);
  EXPECT_GT(edges.above, 100);
  EXPECT_EQ(EdgesOf(FromBelow(1, 4)).highest, 3);
  EXPECT_FALSE(Between(0.0, 1.0).Contains(std::nan("")));
}

TEST(NumberWords, AreAsShortAsTheyCanBe) {
  EXPECT_EQ(NumberWords(int64_t{-1'234'567}), "-1,234,567");
  EXPECT_EQ(NumberWords(int64_t{999}), "999");
  EXPECT_EQ(NumberWords(uint64_t{1'000}), "1,000");
  EXPECT_EQ(NumberWords(0.0005), "0.0005");
  EXPECT_EQ(NumberWords(1e-5), "1e-5");
  EXPECT_EQ(NumberWords(1e9), "1e9");
  EXPECT_EQ(NumberWords(std::nan("")), "nan");
  EXPECT_EQ(NumberWords(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(NumberWords, TellNeighboursApart) {
  EXPECT_NE(NumberWords(std::nextafter(0.9, 1.0)), NumberWords(0.9));
  EXPECT_NE(NumberWords(std::nextafter(100.0, 200.0)), NumberWords(100.0));
}

}  // namespace
}  // namespace graft::recipes
