#include "core/engine/activation_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace graft::engine {
namespace {

// The mean squared error of values that are rounded to 256 steps of a range.
double ErrorOf(const std::vector<float>& values, double low, double high) {
  const double step = (high - low) / 255;
  double sum = 0;
  for (const float value : values) {
    const double clamped = std::min(std::max<double>(value, low), high);
    const double rounded = std::round((clamped - low) / step) * step + low;
    sum += (rounded - value) * (rounded - value);
  }
  return sum / static_cast<double>(values.size());
}

TEST(ActivationHistogram, SeesNothingInZeros) {
  ActivationHistogram histogram;
  EXPECT_FALSE(histogram.BestRange().has_value());
  histogram.Add({});
  histogram.Add(std::vector<float>{0, 0});
  EXPECT_FALSE(histogram.BestRange().has_value());
  EXPECT_TRUE(histogram.finite());
}

TEST(ActivationHistogram, KeepsEvenlySpreadValuesWhole) {
  ActivationHistogram histogram;
  std::vector<float> values;
  for (int i = 0; i <= 10'000; ++i) values.push_back(static_cast<float>(i) / 10'000 * 6);
  histogram.Add(values);
  const auto range = histogram.BestRange();
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first, 0);
  EXPECT_NEAR(range->second, 6, 0.05);
}

// A value far out is not worth the steps that it takes from all others; how far the range goes is
// what tries of every end would have found.
TEST(ActivationHistogram, EndsWhereTheErrorIsLeast) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(std::abs(normal(random)));
  values.push_back(40);
  ActivationHistogram histogram;
  histogram.Add(values);
  const auto range = histogram.BestRange();
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first, 0);
  EXPECT_LT(range->second, 39);
  const double error = ErrorOf(values, range->first, range->second);
  for (int end = 3; end <= 40; ++end) EXPECT_LT(error, 1.01 * ErrorOf(values, 0, end)) << end;
}

// As GELU's, which is never much below 0.
TEST(ActivationHistogram, EachSideEndsForItself) {
  std::vector<float> values;
  for (int i = 0; i <= 10'000; ++i) {
    values.push_back(static_cast<float>(i) / 10'000 * 5);
    values.push_back(static_cast<float>(i) / 10'000 * -0.2f);
  }
  ActivationHistogram histogram;
  histogram.Add(values);
  const auto range = histogram.BestRange();
  ASSERT_TRUE(range.has_value());
  EXPECT_NEAR(range->first, -0.2, 0.05);
  EXPECT_NEAR(range->second, 5, 0.1);
  // 0 is one of the steps.
  const double step = (range->second - range->first) / 255.0;
  const double steps_below = -range->first / step;
  EXPECT_NEAR(steps_below, std::round(steps_below), 1e-3);
}

// A range ends above 0, even where no value is there.
TEST(ActivationHistogram, BelowZeroAloneIsARangeToo) {
  ActivationHistogram histogram;
  histogram.Add(std::vector<float>{-1, -2, -3});
  const auto range = histogram.BestRange();
  ASSERT_TRUE(range.has_value());
  EXPECT_NEAR(range->first, -3, 0.1);
  EXPECT_GT(range->second, 0);
}

// However they come: later values that are larger move the bins.
TEST(ActivationHistogram, MakesRoomForWhatComesLater) {
  ActivationHistogram at_once;
  ActivationHistogram growing;
  for (int scale = 1; scale <= 1'000; scale *= 10) {
    std::vector<float> values;
    for (int i = 1; i <= 1'000; ++i) values.push_back(static_cast<float>(i * scale) / 1'000);
    growing.Add(values);
  }
  for (int scale = 1'000; scale >= 1; scale /= 10) {
    std::vector<float> values;
    for (int i = 1; i <= 1'000; ++i) values.push_back(static_cast<float>(i * scale) / 1'000);
    at_once.Add(values);
  }
  ASSERT_TRUE(growing.BestRange().has_value());
  EXPECT_NEAR(growing.BestRange()->second, at_once.BestRange()->second,
              at_once.BestRange()->second * 0.02);
}

TEST(ActivationHistogram, TellsWhatIsNoNumber) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    ActivationHistogram histogram;
    histogram.Add(std::vector<float>{1, value});
    EXPECT_FALSE(histogram.finite());
  }
}

}  // namespace
}  // namespace graft::engine
