#include "tools/device_check/compare.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "gtest/gtest.h"

namespace graft {
namespace {

TEST(CompareTest, TheLargestDifferenceIsSetAgainstTheLargestElement) {
  const at::Tensor reference = at::tensor({-4.0, 1.0, 0.0});
  const Difference difference = Compare(reference, at::tensor({-4.0f, 1.5f, 0.25f}));
  EXPECT_DOUBLE_EQ(difference.absolute, 0.5);
  EXPECT_DOUBLE_EQ(difference.relative, 0.125);
  EXPECT_DOUBLE_EQ(Compare(reference, reference.clone()).relative, 0);
}

TEST(CompareTest, WhatCannotBeComparedDiffersWithoutBound) {
  const at::Tensor reference = at::ones({2});
  const at::Tensor nan = at::full({2}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(std::isinf(Compare(reference, at::ones({3})).relative));
  EXPECT_TRUE(std::isinf(Compare(reference, at::Tensor()).relative));
  EXPECT_TRUE(std::isinf(Compare(reference, nan).relative));
  EXPECT_TRUE(std::isinf(Compare(nan, nan).relative));
  EXPECT_TRUE(std::isinf(Compare(at::zeros({2}), reference).relative));
  EXPECT_TRUE(std::isinf(Compare(std::vector<double>{1}, std::vector<double>{1, 2}).relative));
}

TEST(CompareTest, NumbersAreSetAgainstTheirOwnReferences) {
  const Difference difference =
      Compare(std::vector<double>{100, 0.5, 0}, std::vector<double>{101, 0.75, 0});
  EXPECT_DOUBLE_EQ(difference.absolute, 1);
  EXPECT_DOUBLE_EQ(difference.relative, 0.5);
}

TEST(CompareTest, TheMedianIsOfTheTimedCallsAlone) {
  int calls = 0;
  EXPECT_GE(MedianMilliseconds(at::kCPU, 4, [&] { ++calls; }), 0);
  EXPECT_EQ(calls, 7);
}

}  // namespace
}  // namespace graft
