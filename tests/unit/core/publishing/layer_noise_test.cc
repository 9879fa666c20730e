#include "core/publishing/layer_noise.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::publishing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NoiseOf, IsAShareOfWhatExamplesDifferBy) {
  const std::vector<std::vector<float>> exact = {{1, 10}, {3, 10}};  // 2 in all
  EXPECT_EQ(NoiseOf(exact, exact), 0);
  EXPECT_DOUBLE_EQ(NoiseOf(exact, {{1.5f, 10}, {3, 10.5f}}), 0.25);
  EXPECT_EQ(NoiseOf({}, {}), 0);
}

TEST(NoiseOf, IsInfiniteWhereNothingCanBeSaid) {
  const double infinity = std::numeric_limits<double>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(NoiseOf({{1}, {3}}, {{1}, {nan}}), infinity);
  EXPECT_EQ(NoiseOf({{1}, {1}}, {{1}, {2}}), infinity);
}

TEST(QuietLayers, AreAllButTheNoisiest) {
  const std::vector<double> brought = {0.5, 0.125, 0.25, 0.0625};
  EXPECT_THAT(QuietLayers(1, brought, 1), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(QuietLayers(1, brought, 0.5), ElementsAre(1, 2, 3));
  EXPECT_THAT(QuietLayers(1, brought, 0.49), ElementsAre(1, 3));
  EXPECT_THAT(QuietLayers(1, {0.125, 0.5}, 0.6), ElementsAre(0));
}

TEST(QuietLayers, AreNoneWhereLeavingOutDoesNotHelp) {
  EXPECT_THAT(QuietLayers(1, {0.25, 0.25}, 0.1), IsEmpty());
  EXPECT_THAT(QuietLayers(std::numeric_limits<double>::infinity(), {0.5, 0.1}, 0.1), IsEmpty());
  EXPECT_THAT(QuietLayers(1, {}, 0.5), IsEmpty());
}

}  // namespace
}  // namespace graft::publishing
