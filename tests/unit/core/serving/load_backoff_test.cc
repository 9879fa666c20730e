#include "core/serving/load_backoff.h"

#include <gtest/gtest.h>

namespace graft::serving {
namespace {

TEST(LoadBackoff, DoublesUpToTheMaximum) {
  const auto after = [](int failures) {
    return LoadBackoff(failures, absl::Seconds(5), absl::Minutes(5));
  };
  EXPECT_EQ(after(1), absl::Seconds(5));
  EXPECT_EQ(after(2), absl::Seconds(10));
  EXPECT_EQ(after(4), absl::Seconds(40));
  EXPECT_EQ(after(7), absl::Minutes(5));
  EXPECT_EQ(after(1'000'000), absl::Minutes(5));
}

TEST(LoadBackoff, AMaximumBelowTheFirstDelayHolds) {
  EXPECT_EQ(LoadBackoff(1, absl::Seconds(5), absl::Seconds(2)), absl::Seconds(2));
  EXPECT_EQ(LoadBackoff(3, absl::ZeroDuration(), absl::Seconds(2)), absl::ZeroDuration());
}

}  // namespace
}  // namespace graft::serving
