#ifndef GRAFT_TESTS_FAKES_FAKE_CLOCK_H_
#define GRAFT_TESTS_FAKES_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "core/base/clock.h"

namespace graft {

// A clock that stands still until the test moves it. Who waits for it waits for real: until Advance
// reaches the deadline, or until the condition holds, whichever the test lets come first. Wall time
// can be made to jump on its own. Safe for concurrent use.
//
//   batcher.Add(first);
//   clock.WaitForWaiters(1);   // the batcher waits for more, and has seen all there is
//   batcher.Add(second);       // wakes it: no time has passed
//
// The test must not hold a lock that a waiter waits with when it calls WaitForWaiters or Advance.
class FakeClock final : public Clock {
 public:
  absl::Time Now() override {
    absl::MutexLock lock(&mutex_);
    return wall_origin_ + Monotonic();
  }
  absl::Duration Monotonic() override { return absl::Nanoseconds(nanoseconds_.load()); }

  bool AwaitUntil(absl::Mutex& mutex, const std::function<bool()>& condition,
                  absl::Duration deadline) override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const std::function<bool()> over = [&] { return condition() || Monotonic() >= deadline; };
    while (!over()) {
      const auto waiter = std::make_shared<Waiter>(Waiter{&mutex, &over});
      Enter(waiter);
      mutex.Await(absl::Condition(
          +[](const std::function<bool()>* held) { return (*held)(); }, &over));
      // Advance may be about to lock `mutex` to have it look again: not while this thread has it.
      mutex.Unlock();
      Leave(waiter);
      mutex.Lock();
    }
    return condition();
  }

  // Moves both times, and wakes whom that makes late.
  void Advance(absl::Duration by) {
    {
      absl::MutexLock lock(&mutex_);
      nanoseconds_ += absl::ToInt64Nanoseconds(by);
    }
    StillWaiting();  // locks and unlocks the mutex of each, which makes it look again
  }

  // Only wall time moves, as when an administrator sets the date.
  void JumpWall(absl::Duration by) {
    absl::MutexLock lock(&mutex_);
    wall_origin_ += by;
  }

  // Returns once `count` threads or more wait for this clock, with neither their time come nor
  // their condition true. Fails the test where that takes a minute of real time.
  void WaitForWaiters(int count) {
    const absl::Time give_up = absl::Now() + absl::Minutes(1);
    while (true) {
      uint64_t seen = 0;
      {
        absl::MutexLock lock(&mutex_);
        seen = changes_;
      }
      if (StillWaiting() >= count) return;
      const auto changed = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return changes_ != seen; };
      absl::MutexLock lock(&mutex_);
      if (!mutex_.AwaitWithDeadline(absl::Condition(&changed), give_up)) {
        ADD_FAILURE() << "nobody waits for the clock";
        return;
      }
    }
  }

 private:
  struct Waiter {
    absl::Mutex* mutex;
    const std::function<bool()>* over;  // read under `mutex`
    int looks = 0;                      // by threads that are about to lock `mutex`, or have it
  };

  void Enter(const std::shared_ptr<Waiter>& waiter) {
    absl::MutexLock lock(&mutex_);
    waiters_.push_back(waiter);
    ++changes_;
  }

  // The mutex may be destroyed once its waiter has left: nobody touches it from then on.
  void Leave(const std::shared_ptr<Waiter>& waiter) {
    absl::MutexLock lock(&mutex_);
    waiters_.remove(waiter);
    ++changes_;
    mutex_.Await(absl::Condition(
        +[](Waiter* left) { return left->looks == 0; }, waiter.get()));
  }

  // Has every waiter look whether it is over; answers for how many it is not.
  int StillWaiting() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    std::list<std::shared_ptr<Waiter>> looked_at;
    {
      absl::MutexLock lock(&mutex_);
      looked_at = waiters_;
      for (const auto& waiter : looked_at) ++waiter->looks;
    }
    int waiting = 0;
    for (const auto& waiter : looked_at) {
      {
        absl::MutexLock lock(waiter->mutex);
        if (!(*waiter->over)()) ++waiting;
      }
      absl::MutexLock lock(&mutex_);
      --waiter->looks;
    }
    return waiting;
  }

  std::atomic<int64_t> nanoseconds_{0};
  absl::Mutex mutex_;
  absl::Time wall_origin_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'700'000'000);
  std::list<std::shared_ptr<Waiter>> waiters_ ABSL_GUARDED_BY(mutex_);
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;  // of waiters_
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_FAKE_CLOCK_H_
