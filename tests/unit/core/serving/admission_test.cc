#include "core/serving/admission.h"

#include <gtest/gtest.h>

#include "core/base/status_details.h"
#include "tests/fakes/fake_clock.h"

namespace graft::serving {
namespace {

const ModelKey kModel{"p", "m", 0};
constexpr Priority kUrgent = Priority::kInteractive;

class AdmissionTest : public ::testing::Test {
 protected:
  // A second in which 30 requests were inside and each took as long as that.
  void MakeOverload(Admission& admission, Priority priority = kUrgent) {
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(admission.Enter({kModel}, 1, 1, priority).ok());
    const absl::Duration entered = clock_.Monotonic();
    clock_.Advance(absl::Seconds(1));
    for (int i = 0; i < 30; ++i) {
      admission.Leave(1, 1, priority, "", EndedRequest{entered, absl::Seconds(1), 1});
    }
  }
  static Admission::Limits WithGoal() {
    return {.max_inputs = 64,
            .max_bytes = 1000,
            .retry_after = absl::Milliseconds(500),
            .p99_goal = absl::Milliseconds(200),
            .full_pass = 8};
  }

  FakeClock clock_;
};

TEST_F(AdmissionTest, BoundsImagesAndGivesTheirPlacesBack) {
  Admission admission({.max_inputs = 3, .max_bytes = 100}, &clock_);
  EXPECT_TRUE(admission.Enter({kModel}, 2, 1, kUrgent).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter({kModel}, 2, 1, kUrgent)));
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  admission.Leave(2, 1, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 2, 1, kUrgent).ok());
}

TEST_F(AdmissionTest, BoundsEncodedAndDecodedBytesTogether) {
  Admission admission({.max_inputs = 10, .max_bytes = 100}, &clock_);
  EXPECT_TRUE(admission.Enter({kModel}, 1, 30, kUrgent).ok());
  EXPECT_TRUE(admission.Grow(60, kUrgent).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter({kModel}, 1, 11, kUrgent)));
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Grow(11, kUrgent)));
  EXPECT_TRUE(admission.Enter({kModel}, 1, 10, kUrgent).ok());
  admission.Leave(1, 90, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 1, 90, kUrgent).ok());
}

TEST_F(AdmissionTest, WhatNeverFitsIsSaidSo) {
  Admission admission({.max_inputs = 10, .max_bytes = 100}, &clock_);
  EXPECT_TRUE(absl::IsInvalidArgument(admission.Grow(101, kUrgent)));
}

TEST_F(AdmissionTest, WhatWaitsForOneModelTakesNoMoreThanHalf) {
  Admission admission({.max_inputs = 8, .max_bytes = 100}, &clock_);
  ASSERT_TRUE(admission.Enter({kModel}, 3, 1, kUrgent).ok());
  admission.BeginWait(kModel, 3);
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 2, 1, kUrgent)), "MODEL_LOADING");
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  EXPECT_TRUE(admission.Enter({{"p", "other", 0}}, 4, 1, kUrgent).ok());
  admission.EndWait(kModel, 3);
  admission.Leave(4, 2, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 4, 1, kUrgent).ok());
}

TEST_F(AdmissionTest, ALoneRequestMayBeLargerThanHalf) {
  Admission admission({.max_inputs = 8, .max_bytes = 100}, &clock_);
  EXPECT_TRUE(admission.Enter({kModel}, 8, 1, kUrgent).ok());
}

TEST_F(AdmissionTest, CountsAnInputForEachModelThatIsAskedAboutIt) {
  Admission admission({.max_inputs = 8, .max_bytes = 100}, &clock_);
  const ModelKey other{"p", "other", 0};
  ASSERT_TRUE(admission.Enter({kModel, other}, 3, 1, kUrgent).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(admission.Enter({kModel}, 3, 1, kUrgent)));
  admission.BeginWait(other, 3);
  EXPECT_EQ(ErrorReason(admission.Enter({kModel, other}, 2, 1, kUrgent)), "MODEL_LOADING");
  admission.EndWait(other, 3);
  admission.Leave(6, 1, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 8, 1, kUrgent).ok());
}

TEST_F(AdmissionTest, BulkLeavesHalfOfTheQueueToOthersAndStillFitsWhateverTheLimitsAllow) {
  Admission admission({.max_inputs = 8, .max_bytes = 100}, &clock_);
  ASSERT_TRUE(admission.Enter({kModel}, 3, 1, Priority::kBulk).ok());
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 2, 1, Priority::kBulk)), "QUEUE_FULL");
  ASSERT_TRUE(admission.Enter({kModel}, 1, 1, Priority::kBulk).ok());
  ASSERT_TRUE(admission.Enter({kModel}, 4, 1, kUrgent).ok());
  admission.Leave(4, 1, kUrgent);
  admission.Leave(3, 1, Priority::kBulk);
  admission.Leave(1, 1, Priority::kBulk);
  EXPECT_TRUE(admission.Enter({kModel}, 8, 1, Priority::kBulk).ok());
}

TEST_F(AdmissionTest, SaysWhenToComeBack) {
  Admission admission({.max_inputs = 0, .max_bytes = 100, .retry_after = absl::Seconds(2)},
                      &clock_);
  EXPECT_EQ(RetryDelay(admission.Enter({kModel}, 1, 1, kUrgent)), absl::Seconds(2));
}

TEST_F(AdmissionTest, OneCallerLeavesRoomForOthers) {
  Admission admission({.max_inputs = 10,
                       .max_bytes = 100,
                       .retry_after = absl::Seconds(2),
                       .max_inputs_per_caller = 3},
                      &clock_);
  ASSERT_TRUE(admission.Enter({kModel}, 3, 1, kUrgent, "a").ok());
  const absl::Status refused = admission.Enter({kModel}, 1, 1, kUrgent, "a");
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_EQ(ErrorReason(refused), "CALLER_BUSY");
  EXPECT_EQ(RetryDelay(refused), absl::Seconds(2));
  EXPECT_EQ(refused.message(), "this caller has 3 inputs under way, of at most 3; try again in 2s");
  EXPECT_TRUE(admission.Enter({kModel}, 3, 1, kUrgent, "b").ok());
  EXPECT_TRUE(admission.Enter({kModel}, 3, 1, kUrgent).ok())
      << "of whom nothing is known: one, too";
  EXPECT_FALSE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  admission.Leave(3, 1, kUrgent, "a");
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent, "a").ok());
}

TEST_F(AdmissionTest, WhatIsRefusedForAnotherReasonIsNotCountedForItsCaller) {
  Admission admission({.max_inputs = 2, .max_bytes = 100, .max_inputs_per_caller = 2}, &clock_);
  ASSERT_TRUE(admission.Enter({kModel}, 2, 1, kUrgent, "a").ok());
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 1, 1, kUrgent, "b")), "QUEUE_FULL");
  admission.Leave(2, 1, kUrgent, "a");
  EXPECT_TRUE(admission.Enter({kModel}, 2, 1, kUrgent, "b").ok());
}

TEST_F(AdmissionTest, WithoutAGoalDurationsDoNotMatter) {
  Admission admission({.max_inputs = 64, .max_bytes = 1000}, &clock_);
  MakeOverload(admission);
  EXPECT_TRUE(admission.Enter({kModel}, 64, 1, kUrgent).ok());
  EXPECT_EQ(admission.stats().inputs, 64);
  EXPECT_EQ(admission.stats().limit, 64);
}

TEST_F(AdmissionTest, BeyondTheGoalFewerMayBeInside) {
  Admission admission(WithGoal(), &clock_);
  MakeOverload(admission);
  ASSERT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  const int limit = admission.stats().limit;
  EXPECT_GE(limit, 2);
  EXPECT_LT(limit, 8);
  for (int i = 1; i < limit; ++i) ASSERT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  const absl::Status refused = admission.Enter({kModel}, 1, 1, kUrgent);
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_EQ(ErrorReason(refused), "OVERLOADED");
  EXPECT_EQ(RetryDelay(refused), absl::Milliseconds(500));
  for (int second = 0; second < 10; ++second) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 1, 1, kUrgent)), "OVERLOADED");
  }
  EXPECT_EQ(RetryDelay(admission.Enter({kModel}, 1, 1, kUrgent)), absl::Seconds(3))
      << "the longer it lasts";
  admission.Leave(1, 1, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
}

TEST_F(AdmissionTest, ARequestLargerThanTheGoalAllowsComesInAlone) {
  Admission admission(WithGoal(), &clock_);
  MakeOverload(admission);
  ASSERT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 60, 1, kUrgent)), "OVERLOADED");
  admission.Leave(1, 1, kUrgent);
  EXPECT_TRUE(admission.Enter({kModel}, 60, 1, kUrgent).ok());
}

TEST_F(AdmissionTest, WhatWaitsForALoadShutsTheDoorOnNobody) {
  Admission admission(WithGoal(), &clock_);
  MakeOverload(admission);
  ASSERT_TRUE(admission.Enter({kModel}, 20, 1, kUrgent).ok()) << "larger, and alone";
  EXPECT_EQ(ErrorReason(admission.Enter({{"p", "other", 0}}, 1, 1, kUrgent)), "OVERLOADED");
  admission.BeginIdle(20, kUrgent);
  EXPECT_TRUE(admission.Enter({{"p", "other", 0}}, 1, 1, kUrgent).ok());
  admission.EndIdle(20, kUrgent);
  EXPECT_EQ(ErrorReason(admission.Enter({{"p", "other", 0}}, 1, 1, kUrgent)), "OVERLOADED");
}

TEST_F(AdmissionTest, BulkLeavesHalfOfTheBytesToOthersToo) {
  Admission admission({.max_inputs = 100, .max_bytes = 100}, &clock_);
  ASSERT_TRUE(admission.Enter({kModel}, 1, 10, Priority::kBulk).ok());
  ASSERT_TRUE(admission.Grow(35, Priority::kBulk).ok());
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 1, 10, Priority::kBulk)), "QUEUE_FULL");
  EXPECT_TRUE(admission.Enter({kModel}, 1, 50, kUrgent).ok());
  admission.Leave(1, 45, Priority::kBulk);
  EXPECT_TRUE(admission.Enter({kModel}, 1, 50, Priority::kBulk).ok()) << "alone";
}

TEST_F(AdmissionTest, WhatBulkRequestsTakeDoesNotMatter) {
  Admission admission(WithGoal(), &clock_);
  MakeOverload(admission, Priority::kBulk);
  ASSERT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok());
  EXPECT_EQ(admission.stats().limit, 64);
}

TEST_F(AdmissionTest, TheGoalIsForThoseWhoWaitForTheirAnswers) {
  Admission admission(WithGoal(), &clock_);
  MakeOverload(admission);
  ASSERT_TRUE(admission.Enter({kModel}, 20, 1, Priority::kBulk).ok());
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, kUrgent).ok()) << "goes first";
  EXPECT_TRUE(admission.Enter({kModel}, 1, 1, Priority::kBulk).ok()) << "has its half";
  EXPECT_EQ(ErrorReason(admission.Enter({kModel}, 20, 1, kUrgent)), "OVERLOADED");
}

}  // namespace
}  // namespace graft::serving
