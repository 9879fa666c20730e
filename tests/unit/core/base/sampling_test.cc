#include "core/base/sampling.h"

#include <limits>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace graft {
namespace {

TEST(InShare, NoneAllAndWhatIsNoNumber) {
  for (int i = 0; i < 100; ++i) {
    const std::string key = absl::StrCat("req-", i);
    EXPECT_FALSE(InShare(key, 0));
    EXPECT_FALSE(InShare(key, -1));
    EXPECT_FALSE(InShare(key, std::numeric_limits<double>::quiet_NaN()));
    EXPECT_TRUE(InShare(key, 1));
  }
}

TEST(InShare, IsTheSameEveryTimeAndForEver) {
  // Stored nowhere, but two servers are to agree: these must not change.
  EXPECT_TRUE(InShare("req-7", 0.1));
  EXPECT_FALSE(InShare("req-0", 0.1));
}

TEST(InShare, TakesTheShareAndALargerOneHoldsIt) {
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = absl::StrCat(i);
    taken += InShare(key, 0.25) ? 1 : 0;
    EXPECT_TRUE(!InShare(key, 0.25) || InShare(key, 0.3)) << key;
  }
  EXPECT_NEAR(taken, 2'500, 150);  // more than three deviations of 43
}

}  // namespace
}  // namespace graft
