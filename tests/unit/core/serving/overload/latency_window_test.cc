#include "core/serving/overload/latency_window.h"

#include <gtest/gtest.h>

namespace graft::serving {
namespace {

constexpr absl::Duration kGoal = absl::Milliseconds(100);

EndedRequest Took(absl::Duration took, absl::StatusCode code = absl::StatusCode::kOk) {
  return {.entered = absl::Seconds(1), .took = took, .inputs = 2, .code = code};
}

TEST(LatencyWindow, EmptyItSaysNothing) {
  const LatencyWindow window(kGoal, absl::Seconds(1));
  const LatencyReading reading = window.Read(absl::Seconds(3));
  EXPECT_EQ(reading.span, absl::Seconds(2));
  EXPECT_EQ(reading.requests, 0);
  EXPECT_EQ(reading.p99, absl::ZeroDuration());
}

TEST(LatencyWindow, TellsThePercentileAndWhatIsBeyondTheGoal) {
  LatencyWindow window(kGoal, absl::ZeroDuration());
  for (int i = 1; i <= 200; ++i) window.OnEnded(Took(absl::Milliseconds(i)));
  const LatencyReading reading = window.Read(absl::Seconds(3));
  EXPECT_EQ(reading.requests, 200);
  EXPECT_EQ(reading.over_goal, 100);
  EXPECT_EQ(reading.inputs, 400);
  EXPECT_EQ(reading.answers, 200);
  EXPECT_GE(reading.p99, absl::Milliseconds(198));
  EXPECT_LE(reading.p99, absl::Milliseconds(198) * 1.05);
}

TEST(LatencyWindow, CountsByTheTimeInsideWhatQueues) {
  LatencyWindow even(kGoal, absl::ZeroDuration());
  EXPECT_EQ(even.Read(absl::Seconds(1)).queued_inputs, 0);
  for (int i = 0; i < 50; ++i) even.OnEnded(Took(absl::Milliseconds(70)));
  EXPECT_NEAR(even.Read(absl::Seconds(1)).queued_inputs, 100, 1e-6);

  LatencyWindow mixed(kGoal, absl::ZeroDuration());
  for (int i = 0; i < 50; ++i) mixed.OnEnded(Took(absl::Milliseconds(70)));
  for (int i = 0; i < 1000; ++i) mixed.OnEnded(Took(absl::Microseconds(200)));
  EXPECT_NEAR(mixed.Read(absl::Seconds(1)).queued_inputs, 100, 15);
  EXPECT_EQ(mixed.Read(absl::Seconds(1)).inputs, 2100);
}

TEST(LatencyWindow, DurationsOfAnyLengthHaveAPlace) {
  for (const absl::Duration took :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Hours(10), absl::InfiniteDuration()}) {
    LatencyWindow window(kGoal, absl::ZeroDuration());
    window.OnEnded(Took(took));
    EXPECT_EQ(window.Read(absl::Seconds(1)).requests, 1);
    EXPECT_GT(window.Read(absl::Seconds(1)).p99, absl::ZeroDuration());
  }
}

TEST(LatencyWindow, WhoGaveUpCountsWhereItWaitedForLongerThanTheGoal) {
  LatencyWindow window(kGoal, absl::ZeroDuration());
  using Code = absl::StatusCode;
  for (const Code code : {Code::kDeadlineExceeded, Code::kCancelled}) {
    window.OnEnded(Took(kGoal / 2, code));
    window.OnEnded(Took(kGoal * 2, code));
  }
  EXPECT_EQ(window.Read(absl::Seconds(1)).requests, 2);
  EXPECT_EQ(window.Read(absl::Seconds(1)).over_goal, 2);
  EXPECT_EQ(window.Read(absl::Seconds(1)).answers, 0);
  for (const Code code : {Code::kInvalidArgument, Code::kInternal, Code::kNotFound}) {
    window.OnEnded(Took(kGoal * 2, code));
  }
  EXPECT_EQ(window.Read(absl::Seconds(1)).requests, 2);
}

TEST(LatencyWindow, BegunAnewItCountsThoseThatCameInSince) {
  LatencyWindow window(kGoal, absl::ZeroDuration());
  window.OnEnded(Took(kGoal * 2));
  window.OnInside(7);
  window.OnRefused();
  window.BeginAnew(3, absl::Seconds(5));
  LatencyReading reading = window.Read(absl::Seconds(6));
  EXPECT_EQ(reading.span, absl::Seconds(1));
  EXPECT_EQ(reading.requests, 0);
  EXPECT_EQ(reading.most_inside, 3);
  EXPECT_EQ(reading.refused, 0);
  window.OnEnded(Took(kGoal * 2));
  window.OnEnded({.entered = absl::Seconds(5), .took = kGoal, .inputs = 1});
  reading = window.Read(absl::Seconds(6));
  EXPECT_EQ(reading.requests, 1);
  EXPECT_EQ(reading.over_goal, 0);
  EXPECT_EQ(reading.answers, 2) << "the rate is of all";
  window.Begin(0, absl::Seconds(7));
  window.OnEnded(Took(kGoal * 2));
  EXPECT_EQ(window.Read(absl::Seconds(8)).requests, 0) << "still only those";
}

}  // namespace
}  // namespace graft::serving
