#include "core/serving/overload/limit_controller.h"

#include <vector>

#include <gtest/gtest.h>

namespace graft::serving {
namespace {

using Evidence = LimitDecision::Evidence;

constexpr absl::Duration kNow = absl::Hours(1);
constexpr LimitOptions kOptions{
    .p99_goal = absl::Milliseconds(100), .most = 512, .instances = 1, .full_pass = 32};

// A second of 400 answers at p99 and with so many inside.
LatencyReading Reading(absl::Duration p99, int most_inside) {
  LatencyReading reading{.span = absl::Seconds(1),
                         .requests = 400,
                         .p99 = p99,
                         .answers = 400,
                         .inputs = 400,
                         .queued_inputs = 400,
                         .most_inside = most_inside};
  reading.over_goal = p99 > kOptions.p99_goal ? 8 : 0;
  return reading;
}

TEST(LimitController, LimitsNothingWithoutAGoal) {
  const LimitDecision decision =
      DecideLimit({.limit = 5}, Reading(absl::Seconds(9), 500), {.most = 512}, kNow);
  EXPECT_EQ(decision.state.limit, 512);
}

// 90 answers a minute tell no percentile, and refusals keep the limit from being lifted.
TEST(LimitController, OfFewAnswersThatAreAllInTimeItRisesWhereSomebodyWasKeptOut) {
  LatencyReading few{.span = absl::Minutes(2),
                     .requests = 90,
                     .p99 = absl::Milliseconds(60),
                     .answers = 90,
                     .inputs = 90,
                     .queued_inputs = 90,
                     .most_inside = 30};
  const LimitState low{.limit = 30, .rate = 400, .needed = kNow};
  EXPECT_EQ(DecideLimit(low, few, kOptions, kNow).state.limit, 30);
  few.refused = 30;
  LimitState state = low;
  for (int minute = 0; minute < 5; ++minute) state = DecideLimit(state, few, kOptions, kNow).state;
  EXPECT_EQ(state.limit, 40) << "by a sixteenth of rate * goal at a time";
  few.over_goal = 1;
  EXPECT_EQ(DecideLimit(low, few, kOptions, kNow).state.limit, 30);
}

TEST(LimitController, WhatFollowsFromAWindow) {
  struct Case {
    const char* what;
    int limit;
    absl::Duration p99;
    int inside;
    int64_t refused;
    int want;
  };
  const auto ms = [](int64_t n) { return absl::Milliseconds(n); };
  const Case cases[] = {
      {"a little over: so much less than was inside", 512, ms(101), 100, 0, 84},
      {"far over: as much less as it was over", 512, ms(1000), 300, 0, 25},
      {"over with a limit that does not bind: from what was inside", 400, ms(150), 100, 0, 56},
      {"over and inside is above the limit, being drained", 64, ms(150), 300, 0, 36},
      {"never below what answers in half the goal", 30, ms(1000), 30, 0, 20},
      {"nearly the goal: rests", 100, ms(95), 100, 5, 100},
      {"well under, and somebody was refused: by a sixteenth of 40", 36, ms(70), 30, 1, 38},
      {"well under, and nearly reached", 36, ms(70), 33, 0, 38},
      {"well under, and far from reached", 36, ms(70), 20, 0, 36},
      {"never above what is set", 511, ms(70), 511, 1, 512},
      {"nothing to raise", 512, ms(70), 512, 0, 512},
  };
  for (const Case& test : cases) {
    LatencyReading reading = Reading(test.p99, test.inside);
    reading.refused = test.refused;
    const LimitDecision decision =
        DecideLimit({.limit = test.limit, .needed = kNow}, reading, kOptions, kNow);
    EXPECT_EQ(decision.state.limit, test.want) << test.what;
    const Evidence want = test.want < test.limit ? Evidence::kChanged
                          : test.p99 == ms(95)   ? Evidence::kGather
                                                 : Evidence::kUsed;
    EXPECT_EQ(decision.evidence, want) << test.what;
  }
}

TEST(LimitController, TooLittleDecidesNothing) {
  const LimitState state{.limit = 100, .needed = kNow};
  const auto unmoved = [&](const LatencyReading& reading) {
    const LimitDecision decision = DecideLimit(state, reading, kOptions, kNow);
    return decision.state.limit == 100 && decision.evidence == Evidence::kGather;
  };
  LatencyReading over = Reading(absl::Seconds(1), 100);
  over.requests = 19;
  EXPECT_TRUE(unmoved(over)) << "too few requests";
  over = Reading(absl::Seconds(1), 100);
  over.requests = 40;
  over.over_goal = 2;
  EXPECT_TRUE(unmoved(over)) << "two slow ones";
  over = Reading(absl::Seconds(1), 100);
  over.over_goal = 4;
  EXPECT_TRUE(unmoved(over)) << "one percent of 400 is what the goal allows";
  over = Reading(absl::Seconds(1), 100);
  over.span = absl::Milliseconds(499);
  EXPECT_TRUE(unmoved(over)) << "too short";
  LatencyReading under = Reading(absl::Milliseconds(10), 100);
  under.requests = 299;
  EXPECT_TRUE(unmoved(under)) << "too few to know a hundredth";
  under.requests = 99;
  under.span = absl::Seconds(50);
  EXPECT_TRUE(unmoved(under)) << "too few, however long it took";
  under.requests = 100;
  EXPECT_FALSE(unmoved(under));
}

TEST(LimitController, WhatIsOldIsForgotten) {
  LatencyReading reading = Reading(absl::Seconds(1), 100);
  reading.span = absl::Hours(1);
  const LimitDecision decision =
      DecideLimit({.limit = 100, .needed = kNow}, reading, kOptions, kNow);
  EXPECT_EQ(decision.state.limit, 100);
  EXPECT_EQ(decision.evidence, Evidence::kUsed);
}

TEST(LimitController, AGoalOutOfReachCostsNoThroughput) {
  const LatencyReading slow = Reading(absl::Seconds(1), 2);
  LimitDecision decision = DecideLimit({.limit = 2, .needed = kNow}, slow, kOptions, kNow);
  EXPECT_EQ(decision.state.limit, 64) << "two full passes";
  decision =
      DecideLimit(decision.state, Reading(absl::Seconds(1), 64), kOptions, kNow + absl::Minutes(4));
  EXPECT_EQ(decision.state.limit, 64);
  decision =
      DecideLimit(decision.state, Reading(absl::Seconds(1), 32), kOptions, kNow + absl::Minutes(6));
  EXPECT_EQ(decision.state.limit, 20) << "tried again";
}

TEST(LimitController, LoneRequestsThatAreSlowLimitNobody) {
  const LimitDecision decision =
      DecideLimit({.limit = 512}, Reading(absl::Seconds(1), 1), kOptions, kNow);
  EXPECT_EQ(decision.state.limit, 512);
}

TEST(LimitController, TheFloorHoldsTwoRequestsAnInstance) {
  LimitOptions options = kOptions;
  options.instances = 2;
  options.full_pass = 64;
  LatencyReading reading = Reading(absl::Seconds(1), 60);
  reading.answers = 2;  // of 8 inputs each
  reading.inputs = 16;
  reading.queued_inputs = 16;
  EXPECT_EQ(DecideLimit({.limit = 40, .needed = kNow}, reading, options, kNow).state.limit, 32);
  options.most = 20;
  EXPECT_EQ(DecideLimit({.limit = 20, .needed = kNow}, reading, options, kNow).state.limit, 20)
      << "which may be all that fits";
}

TEST(LimitController, AStallDoesNotLowerTheFloor) {
  LatencyReading stalled = Reading(absl::Seconds(1), 100);
  stalled.queued_inputs = 40;
  LimitState state{.limit = 100, .rate = 400, .needed = kNow};
  EXPECT_EQ(DecideLimit(state, stalled, kOptions, kNow).state.limit, 18) << "0.9 * 400 / s * 50 ms";
  state.rate = 0;
  EXPECT_EQ(DecideLimit(state, stalled, kOptions, kNow).state.limit, 8);
}

TEST(LimitController, IsLiftedWhenNobodyNeededItForLong) {
  LatencyReading quiet{.span = absl::Seconds(1)};
  const LimitState state{.limit = 40, .needed = kNow};
  EXPECT_EQ(DecideLimit(state, quiet, kOptions, kNow + absl::Minutes(4)).state.limit, 40);
  EXPECT_EQ(DecideLimit(state, quiet, kOptions, kNow + absl::Minutes(5)).state.limit, 512);
  quiet.refused = 1;
  const LimitDecision needed = DecideLimit(state, quiet, kOptions, kNow + absl::Minutes(5));
  EXPECT_EQ(needed.state.limit, 40);
  EXPECT_EQ(needed.state.needed, kNow + absl::Minutes(5));
}

TEST(LimitController, LooksLessOftenWhereTheGoalIsLong) {
  EXPECT_EQ(LookInterval(kOptions), absl::Milliseconds(500));
  EXPECT_EQ(LookInterval({.p99_goal = absl::Seconds(3)}), absl::Seconds(6));
}

TEST(LimitController, TheDelayGrowsWithTheOverloadAndIsBounded) {
  const absl::Duration base = absl::Milliseconds(500);
  EXPECT_EQ(OverloadRetryDelay(base, absl::ZeroDuration()), base);
  EXPECT_EQ(OverloadRetryDelay(base, absl::Seconds(10)), absl::Seconds(3));
  EXPECT_EQ(OverloadRetryDelay(base, absl::Hours(10)), absl::Seconds(10));
  EXPECT_EQ(OverloadRetryDelay(absl::Minutes(1), absl::Hours(10)), absl::Minutes(1));
}

}  // namespace
}  // namespace graft::serving
