#include "core/serving/overload/callers_inside.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace graft::serving {
namespace {

TEST(CallersInside, EachHasPlacesOfItsOwn) {
  CallersInside callers(3);
  EXPECT_TRUE(callers.Admits("a", 3));
  EXPECT_TRUE(callers.Admits("a", 4)) << "alone";
  callers.Enter("a", 2);
  EXPECT_FALSE(callers.Admits("a", 2));
  EXPECT_TRUE(callers.Admits("a", 1));
  EXPECT_TRUE(callers.Admits("b", 3));
  callers.Leave("a", 2);
  EXPECT_TRUE(callers.Admits("a", 3));
}

TEST(CallersInside, OfCallersThatHoldNothingNothingIsKept) {
  CallersInside callers(3);
  for (int i = 0; i < 10'000; ++i) {
    callers.Enter(absl::StrCat("caller", i), 2);
    callers.Leave(absl::StrCat("caller", i), 1);
    EXPECT_EQ(callers.callers(), 1u);
    callers.Leave(absl::StrCat("caller", i), 1);
  }
  EXPECT_EQ(callers.callers(), 0u);
}

TEST(CallersInside, WithoutALimitNothingIsCounted) {
  CallersInside callers(0);
  callers.Enter("a", 1'000'000);
  EXPECT_TRUE(callers.Admits("a", 1'000'000));
  EXPECT_EQ(callers.callers(), 0u);
  callers.Leave("a", 1'000'000);
}

}  // namespace
}  // namespace graft::serving
