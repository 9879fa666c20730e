#include "core/base/clock.h"

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"

namespace graft {
namespace {

// Something that a thread waits for, or for its time.
class Waiting {
 public:
  Waiting(Clock* clock, absl::Duration timeout)
      : thread_([this, clock, timeout] {
          absl::MutexLock lock(&mutex_);
          came_ = clock->AwaitWithTimeout(
              mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return happened_; }, timeout);
          over_.store(true);
        }) {}
  ~Waiting() {
    if (thread_.joinable()) thread_.join();
  }

  void Happen() {
    absl::MutexLock lock(&mutex_);
    happened_ = true;
  }
  bool over() const { return over_.load(); }
  // Whether it came before its time was over.
  bool Join() {
    thread_.join();
    absl::MutexLock lock(&mutex_);
    return came_;
  }

 private:
  absl::Mutex mutex_;
  bool happened_ ABSL_GUARDED_BY(mutex_) = false;
  bool came_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> over_{false};
  std::thread thread_;  // last: it uses the others
};

TEST(SystemClock, AConditionEndsTheWaitLongBeforeItsTime) {
  Waiting waiting(Clock::System(), absl::Hours(1));
  waiting.Happen();
  EXPECT_TRUE(waiting.Join());
}

TEST(SystemClock, TimeEndsTheWait) {
  const absl::Duration start = Clock::System()->Monotonic();
  Waiting waiting(Clock::System(), absl::Milliseconds(5));
  EXPECT_FALSE(waiting.Join());
  Clock::System()->Sleep(absl::Milliseconds(5));
  EXPECT_GE(Clock::System()->Monotonic() - start, absl::Milliseconds(10));
}

TEST(SystemClock, ADeadlineThatHasPassedIsNotWaitedFor) {
  absl::Mutex mutex;
  absl::MutexLock lock(&mutex);
  Clock* const clock = Clock::System();
  EXPECT_FALSE(clock->AwaitUntil(
      mutex, [] { return false; }, clock->Monotonic() - absl::Seconds(1)));
  EXPECT_TRUE(clock->AwaitUntil(
      mutex, [] { return true; }, clock->Monotonic() - absl::Seconds(1)));
}

TEST(FakeClock, ItStandsStillUntilItIsMoved) {
  FakeClock clock;
  Waiting waiting(&clock, absl::Seconds(10));
  clock.WaitForWaiters(1);
  clock.Advance(absl::Seconds(9));
  clock.WaitForWaiters(1);
  EXPECT_FALSE(waiting.over());
  clock.Advance(absl::Seconds(1));
  EXPECT_FALSE(waiting.Join());
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(10));
}

TEST(FakeClock, AConditionEndsTheWaitAndNoTimePasses) {
  FakeClock clock;
  Waiting waiting(&clock, absl::InfiniteDuration());
  clock.WaitForWaiters(1);
  waiting.Happen();
  EXPECT_TRUE(waiting.Join());
  EXPECT_EQ(clock.Monotonic(), absl::ZeroDuration());
}

TEST(FakeClock, ADeadlineReckonedBeforeTheClockMovedIsNotWaitedForTwice) {
  FakeClock clock;
  const absl::Duration deadline = clock.Monotonic() + absl::Seconds(5);
  clock.Advance(absl::Seconds(6));
  absl::Mutex mutex;
  absl::MutexLock lock(&mutex);
  EXPECT_FALSE(clock.AwaitUntil(
      mutex, [] { return false; }, deadline));
}

TEST(FakeClock, AJumpOfTheWallMovesNobody) {
  FakeClock clock;
  const absl::Time before = clock.Now();
  Waiting waiting(&clock, absl::Seconds(10));
  clock.WaitForWaiters(1);
  clock.JumpWall(absl::Hours(1));
  clock.WaitForWaiters(1);
  EXPECT_EQ(clock.Now() - before, absl::Hours(1));
  clock.Advance(absl::Seconds(10));
  EXPECT_FALSE(waiting.Join());
}

TEST(FakeClock, ManyThreadsThatComeAndGoWhileItMovesAllEnd) {
  FakeClock clock;
  std::vector<std::thread> threads;
  std::atomic<int> ended{0};
  for (int i = 1; i <= 8; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 50; ++turn) clock.Sleep(absl::Milliseconds(i));
      ++ended;
    });
  }
  while (ended.load() < 8) clock.Advance(absl::Milliseconds(1));
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(clock.Monotonic(), absl::Milliseconds(400));
}

}  // namespace
}  // namespace graft
