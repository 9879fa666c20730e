#include "core/serving/admission.h"

#include <gtest/gtest.h>

#include "core/base/status_details.h"

namespace graft::serving {
namespace {

const ModelKey kModel{"p", "m", 0};
constexpr Priority kUrgent = Priority::kInteractive;

TEST(Admission, BoundsImagesAndGivesTheirPlacesBack) {
  Admission admission({.max_inputs = 3, .max_bytes = 100});
  EXPECT_TRUE(admission.Enter({kModel}, 2, 1, kUrgent).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter({kModel}, 2, 1, kUrgent)));
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  admission.Leave(2, 1, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 2, 1, kUrgent).ok());
}

TEST(Admission, BoundsEncodedAndDecodedBytesTogether) {
  Admission admission({.max_inputs = 10, .max_bytes = 100});
  EXPECT_TRUE(admission.Enter({kModel}, 1, 30, kUrgent).ok());
  EXPECT_TRUE(admission.Grow(60).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter({kModel}, 1, 11, kUrgent)));
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Grow(11)));
  EXPECT_TRUE(admission.Enter({kModel}, 1, 10, kUrgent).ok());
  admission.Leave(1, 90, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 1, 90, kUrgent).ok());
}

TEST(Admission, WhatNeverFitsIsSaidSo) {
  Admission admission({.max_inputs = 10, .max_bytes = 100});
  EXPECT_TRUE(absl::IsInvalidArgument(admission.Grow(101)));
}

TEST(Admission, WhatWaitsForOneModelTakesNoMoreThanHalf) {
  Admission admission({.max_inputs = 8, .max_bytes = 100});
  ASSERT_TRUE(admission.Enter({kModel}, 3, 1, kUrgent).ok());
  admission.BeginWait(kModel, 3);
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 2, 1, kUrgent)), "MODEL_LOADING");
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  EXPECT_TRUE(admission.Enter({{"p", "other", 0}}, 4, 1, kUrgent).ok());
  admission.EndWait(kModel, 3);
  admission.Leave(4, 2, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 4, 1, kUrgent).ok());
}

TEST(Admission, ALoneRequestMayBeLargerThanHalf) {
  Admission admission({.max_inputs = 8, .max_bytes = 100});
  EXPECT_TRUE(admission.Enter({kModel}, 8, 1, kUrgent).ok());
}

TEST(Admission, CountsAnInputForEachModelThatIsAskedAboutIt) {
  Admission admission({.max_inputs = 8, .max_bytes = 100});
  const ModelKey other{"p", "other", 0};
  ASSERT_TRUE(admission.Enter({kModel, other}, 3, 1, kUrgent).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter({kModel}, 3, 1, kUrgent)));
  admission.BeginWait(other, 3);
  EXPECT_EQ(ErrorReason(admission.Enter({kModel, other}, 2, 1, kUrgent)), "MODEL_LOADING");
  admission.EndWait(other, 3);
  admission.Leave(6, 1, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 8, 1, kUrgent).ok());
}

TEST(Admission, BulkLeavesHalfOfTheQueueToOthersAndStillFitsWhateverTheLimitsAllow) {
  Admission admission({.max_inputs = 8, .max_bytes = 100});
  ASSERT_TRUE(admission.Enter({kModel}, 3, 1, Priority::kBulk).ok());
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 2, 1, Priority::kBulk)), "QUEUE_FULL");
  ASSERT_TRUE(admission.Enter({kModel}, 1, 1, Priority::kBulk).ok());
  ASSERT_TRUE(admission.Enter({kModel}, 4, 1, kUrgent).ok());
  admission.Leave(4, 1, kUrgent);
  admission.Leave(3, 1, Priority::kBulk);
  admission.Leave(1, 1, Priority::kBulk);
  EXPECT_TRUE(admission.Enter({kModel}, 8, 1, Priority::kBulk).ok());
}

TEST(Admission, SaysWhenToComeBack) {
  Admission admission({.max_inputs = 0, .max_bytes = 100, .retry_after = absl::Seconds(2)});
  EXPECT_EQ(RetryDelay(admission.Enter({kModel}, 1, 1, kUrgent)), absl::Seconds(2));
}

}  // namespace
}  // namespace graft::serving
