#include "core/serving/admission.h"

#include <gtest/gtest.h>

#include "core/serving/retry_hint.h"

namespace graft {
namespace {

TEST(Admission, BoundsImagesAndGivesTheirPlacesBack) {
  Admission admission({.max_images = 3, .max_bytes = 100});
  EXPECT_TRUE(admission.Enter(2, 1).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter(2, 1)));
  EXPECT_TRUE(admission.Enter(1, 1).ok());
  admission.Leave(2, 1);
  EXPECT_TRUE(admission.Enter(2, 1).ok());
}

TEST(Admission, BoundsEncodedAndDecodedBytesTogether) {
  Admission admission({.max_images = 10, .max_bytes = 100});
  EXPECT_TRUE(admission.Enter(1, 30).ok());
  EXPECT_TRUE(admission.Grow(60).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter(1, 11)));
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Grow(11)));
  EXPECT_TRUE(admission.Enter(1, 10).ok());
  admission.Leave(1, 90);
  EXPECT_TRUE(admission.Enter(1, 90).ok());
}

TEST(Admission, WhatNeverFitsIsSaidSo) {
  Admission admission({.max_images = 10, .max_bytes = 100});
  EXPECT_TRUE(absl::IsInvalidArgument(admission.Grow(101)));
}

TEST(Admission, SaysWhenToComeBack) {
  Admission admission({.max_images = 0, .max_bytes = 100, .retry_after = absl::Seconds(2)});
  EXPECT_EQ(RetryHint(admission.Enter(1, 1)), absl::Seconds(2));
}

}  // namespace
}  // namespace graft
