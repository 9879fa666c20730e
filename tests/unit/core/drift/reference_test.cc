#include "core/drift/reference.h"

#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::drift {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<double> UpTo(int count) {
  std::vector<double> values(static_cast<size_t>(count));
  std::iota(values.rbegin(), values.rend(), 1);
  return values;
}

TEST(Reference, BinsLieBetweenQuantiles) {
  const model::Distribution of = DistributionOf("brightness", UpTo(1'000));
  EXPECT_EQ(of.of, "brightness");
  EXPECT_THAT(of.edges, ElementsAre(100, 200, 300, 400, 500, 600, 700, 800, 900));
  EXPECT_THAT(of.counts, Each(100));
  EXPECT_THAT(of.counts, SizeIs(10));
  EXPECT_DOUBLE_EQ(of.mean, 500.5);
  EXPECT_NEAR(of.deviation, 288.675, 0.001);
}

TEST(Reference, OfFewExamplesThereAreFewBins) {
  EXPECT_THAT(DistributionOf("", UpTo(40)).counts, ElementsAre(10, 10, 10, 10));
  EXPECT_THAT(DistributionOf("", UpTo(10)).counts, ElementsAre(5, 5));
}

// Grey pictures have no saturation: what is above is another bin, with nothing in it yet.
TEST(Reference, EqualNumbersAreInOneBin) {
  const model::Distribution of = DistributionOf("saturation", std::vector<double>(100, 0));
  EXPECT_THAT(of.edges, ElementsAre(0));
  EXPECT_THAT(of.counts, ElementsAre(100, 0));
  EXPECT_EQ(of.deviation, 0);
}

TEST(Reference, KindsAreCounted) {
  const model::Distribution of = DistributionOfKinds({0, 2, 2, 0, 2}, 4);
  EXPECT_THAT(of.counts, ElementsAre(2, 0, 3, 0));
  EXPECT_TRUE(of.edges.empty());
}

}  // namespace
}  // namespace graft::drift
