#include "core/jobs/retry_policy.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::jobs {
namespace {

using ::testing::HasSubstr;

TEST(DecideAfterCrash, GoesBackToTheQueueBelowTheLimit) {
  for (int crashes = 1; crashes < 3; ++crashes) {
    const CrashDecision decision = DecideAfterCrash({}, crashes, DesiredState::kRun, "signal 9");
    EXPECT_EQ(decision.state, JobState::kQueued);
    EXPECT_EQ(decision.error, JobError());
  }
}

TEST(DecideAfterCrash, FailsAtTheLimitAndNamesTheCause) {
  const CrashDecision decision = DecideAfterCrash({}, 3, DesiredState::kRun, "killed by signal 9");
  EXPECT_EQ(decision.state, JobState::kFailed);
  EXPECT_THAT(decision.error.message, HasSubstr("3 times"));
  EXPECT_THAT(decision.error.message, HasSubstr("killed by signal 9"));
  EXPECT_FALSE(decision.error.code.empty());
  EXPECT_FALSE(decision.error.hint.empty());
}

TEST(DecideAfterCrash, ACancelOrPauseThatWasAskedForIsHonoured) {
  EXPECT_EQ(DecideAfterCrash({}, 1, DesiredState::kCancel, "x").state, JobState::kCancelled);
  EXPECT_EQ(DecideAfterCrash({}, 3, DesiredState::kCancel, "x").state, JobState::kCancelled);
  EXPECT_EQ(DecideAfterCrash({}, 1, DesiredState::kPause, "x").state, JobState::kPaused);
}

TEST(RetryPolicy, AJobThatRanAtThreeUncleanEndsOfTheServerFails) {
  const RetryPolicy policy;
  for (int ends = 1; ends < policy.max_unclean_ends; ++ends) {
    EXPECT_EQ(DecideAfterUncleanEnd(policy, ends, DesiredState::kRun).state, JobState::kQueued);
    EXPECT_EQ(DecideAfterUncleanEnd(policy, ends, DesiredState::kPause).state, JobState::kPaused);
  }
  const CrashDecision last = DecideAfterUncleanEnd(policy, 3, DesiredState::kRun);
  EXPECT_EQ(last.state, JobState::kFailed);
  EXPECT_EQ(last.error.code, "ABORTED");
  EXPECT_NE(last.error.message.find("killed 3 times"), std::string::npos) << last.error.message;
  EXPECT_EQ(DecideAfterUncleanEnd(policy, 3, DesiredState::kCancel).state, JobState::kCancelled);
}

TEST(RestartDelay, GrowsByItsFactorUpToTheMaximum) {
  const BackOff back_off{absl::Seconds(1), absl::Seconds(10), 2};
  EXPECT_EQ(RestartDelay(back_off, 0), absl::ZeroDuration());
  EXPECT_EQ(RestartDelay(back_off, 1), absl::Seconds(1));
  EXPECT_EQ(RestartDelay(back_off, 2), absl::Seconds(2));
  EXPECT_EQ(RestartDelay(back_off, 4), absl::Seconds(8));
  EXPECT_EQ(RestartDelay(back_off, 5), absl::Seconds(10));
  EXPECT_EQ(RestartDelay(back_off, 1'000'000), absl::Seconds(10));
}

}  // namespace
}  // namespace graft::jobs
