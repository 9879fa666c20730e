#include "server/base/periodic_task.h"

#include <atomic>
#include <memory>

#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"

namespace graft::server {
namespace {

TEST(PeriodicTask, RunsOnceAnIntervalAndNotBefore) {
  FakeClock clock;
  std::atomic<int> runs{0};
  PeriodicTask task(
      absl::Seconds(5), [&] { ++runs; }, &clock);
  for (int expected = 1; expected <= 3; ++expected) {
    clock.WaitForWaiters(1);
    clock.Advance(absl::Seconds(4));
    clock.WaitForWaiters(1);
    EXPECT_EQ(runs, expected - 1);
    clock.Advance(absl::Seconds(1));
    clock.WaitForWaiters(1);
    EXPECT_EQ(runs, expected);
  }
}

TEST(PeriodicTask, EndsWithoutWaitingForItsNextTime) {
  FakeClock clock;
  auto task = std::make_unique<PeriodicTask>(
      absl::Hours(1), [] { FAIL() << "no time has passed"; }, &clock);
  clock.WaitForWaiters(1);
  task.reset();
  EXPECT_EQ(clock.Monotonic(), absl::ZeroDuration());
}

}  // namespace
}  // namespace graft::server
