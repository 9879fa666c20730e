#include "core/training/loop/early_stopping.h"

#include <limits>

#include "gtest/gtest.h"

namespace graft::training {
namespace {

TEST(EarlyStoppingTest, StopsAfterAsManyEpochsWithoutABetterLoss) {
  EarlyStopping stopping{2};
  EXPECT_TRUE(stopping.Observe(1.0));
  EXPECT_FALSE(stopping.Observe(1.5));
  EXPECT_FALSE(stopping.ShouldStop());
  EXPECT_TRUE(stopping.Observe(0.9));
  EXPECT_FALSE(stopping.Observe(0.9)) << "equal is not better";
  EXPECT_FALSE(stopping.Observe(1.0));
  EXPECT_TRUE(stopping.ShouldStop());
}

TEST(EarlyStoppingTest, PatienceZeroNeverStops) {
  EarlyStopping stopping{0};
  for (int i = 0; i < 1'000; ++i) stopping.Observe(1.0);
  EXPECT_FALSE(stopping.ShouldStop());
}

TEST(EarlyStoppingTest, NanIsNeverTheBest) {
  EarlyStopping stopping{1};
  EXPECT_FALSE(stopping.Observe(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(stopping.ShouldStop());
}

}  // namespace
}  // namespace graft::training
